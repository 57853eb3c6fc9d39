// Chromium for tests: Debian's, driven by playwright-core. Every page of a test is watched: a strict content security
// policy and no violation of it, no error on the console but those a test expects, no request that leaves this machine.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { slow } from '../interop/hub.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const shots = process.env.CARDEA_SCREENSHOTS;

let browser;

export async function startChromium() {
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    timeout: 60_000 * slow,
    args: [
      '--headless=new',
      // Chromium refuses to be root's with its sandbox on.
      ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export async function stopChromium() {
  await browser?.close();
}

// A person at a browser of their own: cookies, language, size of window. Use within one test, and end() it.
class Visitor {
  complaints = [];

  constructor(context) {
    this.context = context;
    context.setDefaultTimeout(10_000 * slow);
    context.on('console', (message) => this.note(message));
    context.on('weberror', (error) => this.complaints.push(String(error.error())));
    context.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (protocol !== 'data:' && hostname !== '127.0.0.1') this.complaints.push(`request to ${request.url()}`);
    });
    context.on('response', (response) => this.judge(response));
  }

  // Pages of ours, that is: apps of tests have no policy and say so.
  judge(response) {
    const headers = response.headers();
    if (!/^text\/html/.test(headers['content-type'] ?? '') || headers['x-app-of-a-test']) return;
    const policy = headers['content-security-policy'] ?? 'none at all';
    const scripts = policy.match(/script-src ([^;]*)/)?.[1] ?? "'nonce-none'";
    if (!/^default-src 'none'; /.test(policy) || !policy.includes("frame-ancestors 'none'") || /unsafe/.test(policy))
      this.complaints.push(`${response.url()}: policy ${policy}`);
    if (!/^'nonce-[\w-]+'$/.test(scripts)) this.complaints.push(`${response.url()}: scripts ${scripts}`);
  }

  // Chromium reports the status of an error page on the console: that is what the test is about, and no fault.
  note(message) {
    const text = message.text();
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    if (/^Failed to load resource: the server responded with a status of/.test(text)) {
      if (/\/callback|\/login|\/oauth2\/authorize|\/logout|\/nothing/.test(message.location().url)) return;
    }
    this.complaints.push(`${message.location().url}: ${text}`);
  }

  async open(url) {
    const page = await this.context.newPage();
    if (url) await page.goto(url);
    return page;
  }

  async end() {
    await this.context.close();
    assert.deepEqual(this.complaints, []);
  }
}

// Options of a browser context: locale, viewport, colorScheme, javaScriptEnabled.
export async function visitor(t, options = {}) {
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1000, height: 800 },
    ...options,
  });
  const result = new Visitor(context);
  t.after(() => result.end());
  return result;
}

// A picture for people to look at, if anybody has asked for pictures.
export async function picture(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
}

// What one can do on a page is reached with Tab, and one sees where one is.
async function walk(page, name) {
  const stops = await page.locator('a[href], button, input:not([type=hidden]), [tabindex]').count();
  for (let i = 0; i < Math.min(stops, 20); i++) {
    await page.keyboard.press('Tab');
    const { tag, text, visible } = await focused(page);
    assert.notEqual(tag, 'BODY', `${name}: the keyboard reaches ${i} of ${stops}`);
    assert.ok(visible, `${name}: one does not see that the keyboard is on "${text}"`);
  }
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

// What every page must be, whatever it shows. Takes a picture, too.
export async function inspect(page, name) {
  const inline = await page.locator('script:not([nonce]), style, [style], [onclick], [onload]').count();
  assert.equal(inline, 0, `${name} has scripts or styles in it`);
  await picture(page, name);
  await page.evaluate(axe);
  const { violations } = await page.evaluate((tags) => globalThis.axe.run({ runOnly: tags, preload: false }), RULES);
  const said = violations.map((each) => `${name}: ${each.id}: ${each.nodes.map((node) => node.html).join(' ')}`);
  assert.deepEqual(said, []);
  const { scroll, client } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    client: document.documentElement.clientWidth,
  }));
  assert.ok(scroll <= client, `${name} is ${scroll} wide in a window of ${client}`);
  assert.notEqual(await page.title(), '', `${name} has no title`);
  await walk(page, name);
}

// What the keyboard is on: its name, and whether one sees that.
export function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return {
      tag: element.tagName,
      text: element.textContent.trim().replace(/\s+/g, ' '),
      visible: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
    };
  });
}
