// `cardea demo`, as a newcomer starts it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { line, run } from '../interop/hub.mjs';

export async function startDemo(options = []) {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-test-'));
  const child = run(['demo', ...options], path.join(folder, 'log'));
  const [url] = await line(child, /http:\/\/127\.0\.0\.1:\d+\//);
  return {
    url,
    log: () => readFileSync(path.join(folder, 'log'), 'utf8'),
    // Ctrl-C, and what must hold then.
    async stop() {
      child.kill('SIGINT');
      const [status] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
      const log = this.log();
      rmSync(folder, { recursive: true, force: true });
      assert.equal(status, 0, log);
      assert.doesNotMatch(log, /Sanitizer|runtime error|bug:|^\S+ error/m);
    },
  };
}

export const PROVIDERS = {
  GitHub: 'The Octocat',
  Google: 'Mona Lisa',
  Discord: 'Nelly',
  QQ: '小企鹅',
  Facebook: 'Grace Hopper',
};

export async function choose(page, provider) {
  await page.getByRole('link', { name: `Continue with ${provider}` }).click();
}

export async function approve(page, name) {
  await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
}

// From the demo app's first page to the page that says who has come.
export async function logIn(page, provider = 'GitHub', name = PROVIDERS[provider]) {
  await page.getByRole('link', { name: 'Log in', exact: true }).click();
  await choose(page, provider);
  await approve(page, name);
  await page.getByRole('heading', { name: `Hello, ${name}` }).waitFor();
}

// The documents that the demo app shows.
export async function claims(page) {
  return JSON.parse(await page.locator('#claims').textContent());
}

export async function userinfo(page) {
  return JSON.parse(await page.locator('#userinfo').textContent());
}

// The origin of the hub, as one finds it from the app.
export async function hubOf(page, url) {
  await page.goto(`${url}login`);
  return new URL(page.url()).origin;
}
