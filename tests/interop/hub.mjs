// A hub of one's own for a test, and a browser that speaks plain HTTP: started with a configuration, asked over real
// sockets, stopped and looked at.
//
//   const hub = await startHub({ clients: { ... } });
//   test.after(() => hub.stop());
//
// The configuration given is laid over a small default one. The binary is that of $CARDEA_BUILD (a build folder), or
// of build/release.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const build = path.resolve(root, process.env.CARDEA_BUILD ?? 'build/release');
export const cardea = path.join(build, 'cardea');
// Sanitizers make everything slower; deadlines of tests are multiplied by this.
export const slow = path.basename(build).includes('asan') ? 5 : 1;

export const CALLBACK = 'https://app.test/callback';
export const SECRET = 'the secret of an app, long enough';
export const SIMULATED = ['github', 'google', 'discord', 'qq', 'facebook'];

// A port that is free now. What listens on it may come a moment too late, as everywhere.
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// The first true value of what().
export async function waitUntil(what, seconds = 15) {
  const end = Date.now() + seconds * 1000 * slow;
  for (;;) {
    const value = await what();
    if (value) return value;
    assert.ok(Date.now() < end, `waited ${seconds} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isMap(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merge(base, over) {
  const result = { ...base };
  for (const [key, value] of Object.entries(over))
    result[key] = isMap(value) && isMap(result[key]) ? merge(result[key], value) : value;
  return result;
}

// A client as most tests want it, with what is different.
export function app(over = {}) {
  return {
    client_name: 'An app',
    client_secret: SECRET,
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    scope: 'openid profile email groups offline_access read write',
    ...over,
  };
}

// Signals end this process without its exit handlers otherwise.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

// Runs the program; what it says on standard error goes to a file. It ends with the tests, however these end.
export function run(verb, log) {
  const file = openSync(log, 'a');
  const child = spawn(cardea, verb, { stdio: ['ignore', 'pipe', file] });
  closeSync(file);
  const stop = () => child.kill('SIGTERM');
  process.on('exit', stop);
  child.on('exit', () => process.off('exit', stop));
  return child;
}

// The first line on a child's standard output that is like this.
export async function line(child, pattern) {
  for await (const text of createInterface({ input: child.stdout })) {
    const match = text.match(pattern);
    if (match) return match;
  }
  throw new Error(`it has ended without a word like ${pattern}`);
}

async function startSimulator(folder, providers) {
  const port = await freePort();
  const verb = ['simulate', ...providers, '--listen', `127.0.0.1:${port}`];
  const child = run(verb, path.join(folder, 'simulator.log'));
  await line(child, /played/);
  return { process: child, url: `http://127.0.0.1:${port}` };
}

async function serves(hub) {
  assert.equal(hub.process.exitCode, null, hub.log());
  try {
    return (await fetch(hub.issuer + '/oauth2/jwks')).ok;
  } catch {
    return false;
  }
}

export async function end(child) {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

class Hub {
  // The address below the issuer.
  url(target, query = {}) {
    const url = new URL(this.issuer + target);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url.href;
  }

  log() {
    const file = path.join(this.folder, 'log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  // Ends it, and looks at what must hold after every test: it ended well, no sanitizer has spoken, no secret of the
  // configuration was written.
  async stop() {
    try {
      await end(this.simulator?.process);
      await end(this.process);
      const log = this.log();
      assert.equal(this.process.exitCode, 0, log.slice(-4000));
      assert.doesNotMatch(log, /Sanitizer|runtime error|bug:/);
      for (const secret of [SECRET, 'hush', ...this.config.secrets])
        assert.ok(!log.includes(secret), 'a secret is in the log');
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

// `config` may be a function of the hub, for what depends on its address. `issuerPath`: the issuer gets a path.
export async function startHub(config = {}, { simulate = ['github'], issuerPath = '', port } = {}) {
  const hub = new Hub();
  port ??= await freePort();
  const adminPort = await freePort();
  hub.folder = mkdtempSync(path.join(tmpdir(), 'cardea-test-'));
  hub.issuer = `http://127.0.0.1:${port}${issuerPath}`;
  if (simulate.length > 0) hub.simulator = await startSimulator(hub.folder, simulate);
  hub.config = merge(
    {
      issuer: hub.issuer,
      listen: `127.0.0.1:${port}`,
      workers: 1,
      admin: { listen: `127.0.0.1:${adminPort}` },
      store: `sqlite:${hub.folder}/cardea.db`,
      secrets: ['this is a secret of a test, and no other has it'],
      providers: Object.fromEntries(
        simulate.map((id) => [id, { client_id: 'app', client_secret: 'hush', simulator: hub.simulator.url }]),
      ),
      clients: { app: app() },
      limits: { per_address: { logins: 'off', failures: 'off' } },
      log: { level: 'debug', format: 'json' },
    },
    typeof config === 'function' ? config(hub) : config,
  );
  const file = path.join(hub.folder, 'cardea.yaml');
  writeFileSync(file, JSON.stringify(hub.config), { mode: 0o600 });
  hub.process = run(['serve', '--config', file], path.join(hub.folder, 'log'));
  await waitUntil(() => serves(hub));
  return hub;
}

// ---- a browser ----

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function text(html) {
  return html.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ENTITIES[name]);
}

// The first form of a page: where it goes, and what lies hidden in it.
export function readForm(html, base) {
  const action = html.match(/<form[^>]* action="([^"]*)"/);
  assert.ok(action, `there is no form: ${html}`);
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  return {
    action: new URL(text(action[1]), base).href,
    fields: Object.fromEntries(fields.map(([, name, value]) => [name, text(value)])),
  };
}

// Keeps cookies as a browser does, for each host; follows nothing by itself.
export class Browser {
  jar = new Map();

  async request(url, init = {}) {
    const { hostname } = new URL(url);
    const mine = [...this.jar.values()].filter((cookie) => cookie.hostname === hostname);
    const headers = { ...init.headers };
    if (mine.length > 0) headers.cookie = mine.map(({ name, value }) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const ended = attributes.some((each) => /^max-age=0$|^expires=Thu, 01 Jan 1970/i.test(each));
      if (ended) this.jar.delete(`${hostname} ${name}`);
      else this.jar.set(`${hostname} ${name}`, { hostname, name, value });
    }
    answer.page = await answer.text();
    return answer;
  }

  get(url) {
    return this.request(url);
  }

  post(url, fields) {
    return this.request(url, { method: 'POST', body: new URLSearchParams(fields) });
  }
}

// What a person does on the way from an authorization request back to the app: chooses a provider, a case of the
// simulated one, and an answer to the question for consent. `foreign` acts on pages that are not ours.
async function act(browser, url, page, choices) {
  const { provider = 'github', simulated = 'login', decision = 'allow', foreign } = choices;
  const elsewhere = await foreign?.(browser, url, page);
  if (elsewhere) return elsewhere;
  const choice = page.match(new RegExp(`href="([^"]*/login/${provider}[?"][^"]*)`));
  if (choice) return browser.get(new URL(text(choice[1]).replace(/"$/, ''), url).href);
  const form = readForm(page, url);
  if (page.includes('name="simulated_case"'))
    return browser.post(form.action, { ...form.fields, simulated_case: simulated });
  assert.ok(page.includes('name="decision"'), `what is this page? ${page}`);
  return browser.post(form.action, { ...form.fields, decision });
}

// Follows redirects and acts on pages from `url` on, until the app is reached: the URL there; or, for an answer by
// form, a Request as the app's server gets it.
export async function visit(url, { browser = new Browser(), to = CALLBACK, ...choices } = {}) {
  url = new URL(url).href;
  let answer = await browser.get(url);
  for (let i = 0; i < 20; i++) {
    const location = answer.headers.get('location');
    if (location !== null) {
      url = new URL(location, url).href;
      if (url.startsWith(to)) return new URL(url);
      answer = await browser.get(url);
      continue;
    }
    assert.equal(answer.status, 200, `${url}: ${answer.page}`);
    if (answer.page.includes('id="answer"')) {
      const { action, fields } = readForm(answer.page, url);
      const body = new URLSearchParams(fields);
      if (action.startsWith(to)) return new Request(action, { method: 'POST', body });
      url = action;
      answer = await browser.post(action, body);
      continue;
    }
    const before = answer;
    answer = await act(browser, url, answer.page, choices);
    assert.notEqual(answer.page, before.page, `${url} leads nowhere`);
  }
  throw new Error(`${url}: too many redirects`);
}
