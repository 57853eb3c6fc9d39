// The hub's own pages in Chromium, for an app that is a small server of this test.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { app, SIMULATED, startHub, waitUntil } from '../interop/hub.mjs';
import { focused, inspect, startChromium, stopChromium, visitor } from './browser.mjs';
import { approve, choose } from './demo.mjs';

// ---- the app: shows what it was sent, and whatever page a test puts there ----

const pages = new Map();

function escape(text) {
  return text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
}

function html(title, body) {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
    <link rel="icon" href="data:,"></head><body><main><h1>${title}</h1>${body}</main></body></html>`;
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://127.0.0.1');
  const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
  const got = Object.fromEntries(request.method === 'POST' ? form : url.searchParams);
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('X-App-Of-A-Test', 'yes');
  response.end(
    pages.get(url.pathname) ??
      html('The app', `<p id="method">${request.method}</p><pre id="got">${escape(JSON.stringify(got))}</pre>`),
  );
}

const server = http.createServer(answer).listen(0, '127.0.0.1');
await once(server, 'listening');
const appUrl = `http://127.0.0.1:${server.address().port}`;
const callback = `${appUrl}/callback`;

// ---- the hub ----

const hub = await startHub(
  ({ simulator }) => ({
    providers: {
      github: { allow: { claims: {} } },
      // Its answer comes as a cross-site form, as Apple's does.
      posting: {
        plugin: 'github',
        name: 'Posting',
        client_id: 'app',
        client_secret: 'hush',
        simulator: simulator.url,
        response_mode: 'form_post',
      },
      closed: {
        plugin: 'discord',
        name: 'Closed',
        client_id: 'app',
        client_secret: 'hush',
        simulator: simulator.url,
        allow: { email_domains: ['nowhere.test'] },
      },
    },
    clients: {
      asks: app({
        client_name: 'Grafana',
        consent: 'explicit',
        redirect_uris: [callback],
        policy_uri: `${appUrl}/policy`,
        tos_uri: `${appUrl}/terms`,
      }),
      trusted: app({ client_name: 'Wiki', redirect_uris: [callback], providers: ['github', 'posting', 'closed'] }),
    },
  }),
  { simulate: SIMULATED },
);

await startChromium();
test.after(async () => {
  await stopChromium();
  await hub.stop();
  server.close();
});

let number = 0;

function authorize(client, over = {}) {
  return hub.url('/oauth2/authorize', {
    response_type: 'code',
    client_id: client,
    redirect_uri: callback,
    scope: 'openid profile email offline_access',
    state: `state ${++number} & more`,
    nonce: 'a nonce',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...over,
  });
}

// What the app was sent.
async function got(page) {
  await page.getByRole('heading', { name: 'The app' }).waitFor();
  return JSON.parse(await page.locator('#got').textContent());
}

// To the page that asks for consent.
async function toConsent(page) {
  await page.goto(authorize('asks'));
  await choose(page, 'GitHub');
  await approve(page, 'The Octocat');
  await page.getByRole('heading', { name: 'Grafana asks for your permission' }).waitFor();
}

// ---- consent ----

test('consent says who asks for what, and Allow gives it', async (t) => {
  const page = await (await visitor(t)).open();
  await toConsent(page);
  assert.match(await page.locator('main').innerText(), /You are signed in as The Octocat/);
  assert.deepEqual(await page.getByRole('list').getByRole('listitem').allInnerTexts(), [
    'know who you are',
    'see your name, picture and other parts of your profile',
    'see your e-mail address',
    'stay connected to your account while you are away',
  ]);
  await page.getByRole('button', { name: 'Allow' }).click();
  const answer = await got(page);
  assert.ok(answer.code);
  assert.equal(answer.iss, hub.issuer);
  assert.equal(answer.state, `state ${number} & more`);
});

test('Deny is an access_denied, and asks again the next time', async (t) => {
  const page = await (await visitor(t)).open();
  await toConsent(page);
  await page.getByRole('button', { name: 'Deny' }).click();
  assert.equal((await got(page)).error, 'access_denied');
  await page.goto(authorize('asks'));
  await page.getByRole('button', { name: 'Allow' }).waitFor();
});

test('consent works by keyboard, and what one leaves is not given', async (t) => {
  const page = await (await visitor(t)).open();
  await toConsent(page);
  for (const text of ['Not you?', 'Allow', 'Deny']) {
    await page.keyboard.press('Tab');
    assert.equal((await focused(page)).text, text);
  }
  await page.keyboard.press('Space');
  assert.equal((await got(page)).error, 'access_denied');
});

test('somebody else at the same browser takes over where one is asked for consent', async (t) => {
  const page = await (await visitor(t)).open();
  await toConsent(page);
  await page.getByRole('link', { name: 'Not you?' }).click();
  await choose(page, 'Google');
  await approve(page, 'Mona Lisa');
  await page.getByText('You are signed in as Mona Lisa.').waitFor();
  await page.getByRole('button', { name: 'Allow' }).click();
  assert.equal((await got(page)).state, `state ${number} & more`);
});

test('consent with a changed or foreign form token is refused, and tells the app nothing', async (t) => {
  const page = await (await visitor(t)).open();
  await toConsent(page);
  await page.locator('input[name=csrf]').evaluate((input) => (input.value = 'guessed'));
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByText('This is not allowed.').waitFor();
});

test('another site cannot press Allow', async (t) => {
  const page = await (await visitor(t)).open();
  await toConsent(page);
  const action = await page.locator('form').evaluate((form) => form.action);
  pages.set(
    '/evil',
    html(
      'Evil',
      `<form method="post" action="${escape(action)}"><input type="hidden" name="decision" value="allow">
       <button>Win a prize</button></form>`,
    ),
  );
  await page.goto(`${appUrl}/evil`);
  await page.getByRole('button', { name: 'Win a prize' }).click();
  await page.getByText('This is not allowed.').waitFor();
});

test('no page of the hub can be framed', async (t) => {
  const person = await visitor(t);
  const page = await person.open();
  pages.set('/frame', html('Frame', `<iframe title="hub" src="${escape(hub.url('/login'))}"></iframe>`));
  await page.goto(`${appUrl}/frame`);
  await page.waitForTimeout(300);
  const inside = page.frames()[1];
  assert.equal(await inside.getByRole('link').count(), 0);
  assert.match(person.complaints.splice(0).join(), /frame-ancestors/);
});

// ---- answers by form ----

test('an answer by form goes by itself', async (t) => {
  const page = await (await visitor(t)).open(authorize('trusted', { response_mode: 'form_post' }));
  await choose(page, 'GitHub');
  await approve(page, 'The Octocat');
  assert.ok((await got(page)).code);
  assert.equal(await page.locator('#method').innerText(), 'POST');
});

test('without scripts one presses a button, and everything else works as well', async (t) => {
  const person = await visitor(t, { javaScriptEnabled: false });
  const page = await person.open(authorize('trusted', { response_mode: 'form_post' }));
  await choose(page, 'GitHub');
  await approve(page, 'The Octocat');
  const still = (await page.content()).replace(/<script.*<\/script>/s, '');
  await page.getByRole('button', { name: 'Continue' }).click();
  assert.ok((await got(page)).code);

  // What one sees for a moment otherwise; the inspection itself is a script.
  const other = await (await visitor(t)).open(hub.url('/logout'));
  await other.setContent(still);
  await inspect(other, 'hub-form-post');
});

test('a provider whose answer comes as a form finds the login that was begun', async (t) => {
  const page = await (await visitor(t)).open(authorize('trusted'));
  await choose(page, 'Posting');
  await approve(page, 'The Octocat');
  await page.getByRole('button', { name: 'Send the answer' }).click();
  assert.ok((await got(page)).code);
});

// ---- sessions ----

test('a second app asks nobody to log in again', async (t) => {
  const page = await (await visitor(t)).open(authorize('trusted'));
  await choose(page, 'GitHub');
  await approve(page, 'The Octocat');
  await got(page);
  await page.goto(authorize('asks'));
  await page.getByRole('heading', { name: 'Grafana asks for your permission' }).waitFor();
});

test('the way in without an app leads where one wanted to go', async (t) => {
  const page = await (await visitor(t)).open(hub.url('/login', { return_to: '/logout?why=test' }));
  await choose(page, 'GitHub');
  await approve(page, 'The Octocat');
  await page.waitForURL(hub.url('/logout', { why: 'test' }));
  await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
});

test('a no without an app leads back to the chooser, which says so', async (t) => {
  const page = await (await visitor(t)).open(hub.url('/login'));
  await choose(page, 'GitHub');
  await page.getByRole('button', { name: /^Deny/ }).click();
  await page.getByText('You cancelled at GitHub.').waitFor();
});

test('a person who may not come in is told so, and can choose another way', async (t) => {
  const page = await (await visitor(t)).open(authorize('trusted'));
  await choose(page, 'Closed');
  await approve(page, 'Nelly');
  await page.getByText('This account may not be used here.').waitFor();
  await page.getByRole('link', { name: 'Start again' }).click();
  await page.getByRole('heading', { name: 'Sign in to Wiki' }).waitFor();
});

test('a login that took too long says so', async (t) => {
  const quick = await startHub({ lifetimes: { login: '1s' } });
  t.after(() => quick.stop());
  const page = await (await visitor(t)).open(quick.url('/login/github'));
  await page.waitForTimeout(1500);
  await approve(page, 'The Octocat');
  await page.getByText('This login has expired').waitFor();
});

// ---- errors ----

const ERRORS = {
  'unknown-app': [() => authorize('nobody'), 'The app that sent you here is not known'],
  'unknown-address': [
    () => authorize('trusted', { redirect_uri: 'https://evil.test/' }),
    'asked for an address that is not registered',
  ],
  'unknown-provider': [() => hub.url('/login/nowhere'), 'There is no such way to log in.'],
  'not-found': [() => hub.url('/nothing'), 'There is nothing at this address.'],
  'lost-ticket': [() => hub.url('/login', { ticket: 'x'.repeat(32) }), 'This login has expired'],
  'bad-return': [() => hub.url('/login/github', { return_to: '//evil.test' }), 'The request is not well-formed.'],
};

for (const [name, [url, sentence]] of Object.entries(ERRORS)) {
  test(`an error is told in plain words: ${name}`, async (t) => {
    const page = await (await visitor(t)).open(url());
    await page.getByText(sentence).waitFor();
    assert.equal(new URL(page.url()).origin, hub.issuer, 'it was redirected');
    const reference = await page.locator('code').innerText();
    await waitUntil(() => hub.log().includes(reference));
    await inspect(page, `hub-error-${name}`);
  });
}

// ---- looks ----

const PHONE = { viewport: { width: 375, height: 667 }, hasTouch: true, isMobile: true };

const LOOKS = {
  desk: {},
  phone: PHONE,
  narrow: { ...PHONE, viewport: { width: 320, height: 568 } },
  'phone-dark': { ...PHONE, colorScheme: 'dark' },
  'phone-german': { ...PHONE, locale: 'de' },
  'forced-colors': { forcedColors: 'active' },
};

for (const [look, options] of Object.entries(LOOKS)) {
  test(`every page of the hub is fit to be seen: ${look}`, async (t) => {
    const page = await (await visitor(t, options)).open();
    const see = (name) => inspect(page, `hub-${name}-${look}`);
    await page.goto(hub.url('/login'));
    await see('1-chooser');
    await page.locator('a.choice').first().click();
    await page.getByRole('button', { name: /^Deny/ }).click();
    await see('2-cancelled');
    await page.goto(authorize('asks'));
    await page.locator('a.choice').first().click();
    await approve(page, 'The Octocat');
    await see('3-consent');
    await page.goto(hub.url('/'));
    await see('4-home');
    await page.goto(hub.url('/login/posting'));
    await approve(page, 'The Octocat');
    await see('5-provider-posts');
    await page.goto(hub.simulator.url);
    await see('6-simulator');
  });
}

// A language that is written from right to left: a few texts of it, beside an app whose name turns directions round.
function arabic(folder) {
  mkdirSync(path.join(folder, 'pages/locales'), { recursive: true });
  writeFileSync(
    path.join(folder, 'pages/locales/ar.yaml'),
    `direction: rtl
sign_in: تسجيل الدخول
sign_in_to: "تسجيل الدخول إلى {{client}}"
continue_with: "المتابعة باستخدام {{name}}"
cancelled: "لقد ألغيت لدى {{cancelled}}."
consent_title: "{{client}} يطلب إذنك"
consent_signed_in_as: "أنت مسجل باسم {{person}}."
allow: سماح
deny: رفض
error_title: لم ينجح ذلك
`,
  );
  return path.join(folder, 'pages');
}

test('pages are written from right to left where the language is', async (t) => {
  const other = await startHub(
    ({ folder }) => ({
      pages: { directory: arabic(folder) },
      clients: { app: app({ client_name: '\u202eC++ (Test)', consent: 'explicit', redirect_uris: [callback] }) },
    }),
    { simulate: SIMULATED },
  );
  t.after(() => other.stop());
  const page = await (await visitor(t, { ...PHONE, locale: 'ar' })).open();
  const see = async (name) => {
    await inspect(page, `rtl-${name}`);
    const { width } = page.viewportSize();
    const logo = await page.locator('.logo').boundingBox();
    assert.ok(logo.x > width / 2, `${name}: the logo is on the left`);
  };
  await page.goto(authorize('app').replace(hub.issuer, other.issuer));
  await see('chooser');
  await page.locator('a.choice').first().click();
  assert.equal(await page.locator('main').evaluate((main) => getComputedStyle(main).direction), 'ltr');
  await page.getByRole('button', { name: /^The Octocat/ }).click();
  await page.getByRole('heading', { name: '\u2068C++ (Test)\u2069 يطلب إذنك' }).waitFor();
  await see('consent');
  await page.goto(other.url('/nothing'));
  await see('error');
});

test('both catalogues have every text', () => {
  const texts = (locale) =>
    readFileSync(new URL(`../../config/locales/${locale}.yaml`, import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => /^\w/.test(line))
      .map((line) => line.slice(0, line.indexOf(':')))
      .sort();
  const english = texts('en');
  assert.deepEqual(
    texts('de').filter((id) => !id.startsWith('error.')),
    english,
  );
});

test('ui_locales of the app decides on the language', async (t) => {
  const page = await (await visitor(t)).open(authorize('trusted', { ui_locales: 'fr de' }));
  await page.getByRole('heading', { name: 'Anmelden bei Wiki' }).waitFor();
  await page.goto(authorize('asks', { ui_locales: 'de' }));
  await page.getByRole('link', { name: 'Weiter mit GitHub' }).click();
  await page.getByRole('button', { name: /^Go wrong/ }).click();
  await page.getByRole('heading', { name: 'Das hat nicht geklappt' }).waitFor();
  await page.getByRole('link', { name: 'Von vorn beginnen' }).click();
  await page.getByRole('link', { name: 'Weiter mit GitHub' }).click();
  await approve(page, 'The Octocat');
  await page.getByRole('heading', { name: 'Grafana bittet um Ihre Erlaubnis' }).waitFor();
});
