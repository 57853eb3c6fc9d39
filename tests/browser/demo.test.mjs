// A newcomer at `cardea demo`, in Chromium.

import assert from 'node:assert/strict';
import test from 'node:test';
import { waitUntil } from '../interop/hub.mjs';
import { focused, inspect, startChromium, stopChromium, visitor } from './browser.mjs';
import { approve, choose, claims, hubOf, logIn, PROVIDERS, startDemo, userinfo } from './demo.mjs';

const demo = await startDemo();
await startChromium();
test.after(async () => {
  await stopChromium();
  await demo.stop();
});

// ---- logging in ----

test('a newcomer logs in, and sees who has come', async (t) => {
  const page = await (await visitor(t)).open(demo.url);
  await page.getByRole('link', { name: 'Log in', exact: true }).click();
  await page.getByRole('heading', { name: 'Sign in to Demo app' }).waitFor();
  const offered = await page.getByRole('navigation', { name: 'Ways to sign in' }).getByRole('link').allInnerTexts();
  assert.deepEqual(offered, Object.keys(PROVIDERS).map((name) => `Continue with ${name}`));

  await choose(page, 'GitHub');
  await page.getByRole('heading', { name: 'GitHub' }).waitFor();
  assert.match(await page.locator('main').innerText(), /You are not at GitHub/);
  await approve(page, 'The Octocat');
  await page.getByRole('heading', { name: 'Hello, The Octocat' }).waitFor();
  assert.equal(page.url(), demo.url);

  const identity = await claims(page);
  assert.equal(identity.idp, 'github');
  assert.equal(identity.email, 'octocat@example.com');
  const info = await userinfo(page);
  assert.equal(info.sub, identity.sub);
  assert.equal(info.name, 'The Octocat');
});

for (const [provider, name] of Object.entries(PROVIDERS)) {
  test(`${name} logs in with ${provider}`, async (t) => {
    const page = await (await visitor(t)).open(demo.url);
    await logIn(page, provider, name);
    assert.equal((await claims(page)).idp, provider.toLowerCase());
  });
}

test('the tokens are refreshed, again and again', async (t) => {
  const page = await (await visitor(t)).open(demo.url);
  await logIn(page);
  const seen = new Set();
  for (let i = 0; i < 3; i++) {
    assert.equal(await page.locator('#refreshes').innerText(), String(i));
    seen.add(await page.locator('#access').innerText());
    await page.getByRole('button', { name: 'Refresh the tokens' }).click();
    await page.getByText(`refreshed (${i + 1}×)`).waitFor();
  }
  assert.equal(seen.size, 3);
});

test('the same person comes back as the same account, from another browser', async (t) => {
  const subjects = [];
  for (let i = 0; i < 2; i++) {
    const page = await (await visitor(t)).open(demo.url);
    await logIn(page, 'Google');
    subjects.push((await claims(page)).sub);
  }
  assert.equal(subjects[0], subjects[1]);
});

// ---- logging out ----

test('out of the app is not out of Cardea, and the app says so', async (t) => {
  const page = await (await visitor(t)).open(demo.url);
  await logIn(page);
  const first = await claims(page);
  await page.getByRole('button', { name: 'Log out of this app' }).click();
  await page.getByText('This app has forgotten you').waitFor();

  await page.getByRole('link', { name: 'Log in', exact: true }).click();
  await page.getByRole('heading', { name: 'Hello, The Octocat' }).waitFor();
  assert.equal((await claims(page)).auth_time, first.auth_time, 'Cardea has asked again');

  await page.getByRole('button', { name: 'Log out of this app' }).click();
  await page.getByRole('link', { name: 'Log in as somebody else' }).click();
  await choose(page, 'Discord');
  await approve(page, 'Nelly');
  await page.getByRole('heading', { name: 'Hello, Nelly' }).waitFor();
});

test('out of Cardea, and the next login asks again', async (t) => {
  const page = await (await visitor(t)).open(demo.url);
  await logIn(page);
  await page.getByRole('button', { name: 'Log out of this app' }).click();
  await page.getByRole('link', { name: 'sign out at Cardea' }).click();
  await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
  await page.getByRole('link', { name: 'Stay signed in' }).click();
  await page.getByText('As The Octocat, by GitHub.').waitFor();
  await page.getByRole('link', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor();

  await page.goto(demo.url);
  await page.getByRole('link', { name: 'Log in', exact: true }).click();
  await page.getByRole('heading', { name: 'Sign in to Demo app' }).waitFor();
});

// ---- no, and going wrong ----

for (const provider of Object.keys(PROVIDERS)) {
  test(`a no at ${provider} comes back to the app, and one can try again`, async (t) => {
    const page = await (await visitor(t)).open(demo.url);
    await page.getByRole('link', { name: 'Log in', exact: true }).click();
    await choose(page, provider);
    await page.getByRole('button', { name: /^Deny/ }).click();
    await page.getByText('You said no').waitFor();
    await logIn(page, 'Google');
  });
}

test('a provider that goes wrong ends on a page with a reference, from which one can start again', async (t) => {
  const page = await (await visitor(t)).open(demo.url);
  await page.getByRole('link', { name: 'Log in', exact: true }).click();
  await choose(page, 'GitHub');
  await page.getByRole('button', { name: /^Go wrong/ }).first().click();
  await page.getByRole('heading', { name: 'That did not work' }).waitFor();
  const reference = await page.locator('code').innerText();
  await waitUntil(() => demo.log().includes(reference));
  await page.getByRole('link', { name: 'Start again' }).click();
  await page.getByRole('heading', { name: 'Sign in to Demo app' }).waitFor();
  await choose(page, 'Google');
  await approve(page, 'Mona Lisa');
  await page.getByRole('heading', { name: 'Hello, Mona Lisa' }).waitFor();
});

// ---- what people do with browsers ----

test('two tabs log in at once, with two providers', async (t) => {
  const person = await visitor(t);
  const tabs = [await person.open(demo.url), await person.open(demo.url)];
  for (const tab of tabs) await tab.getByRole('link', { name: 'Log in', exact: true }).click();
  await choose(tabs[0], 'GitHub');
  await choose(tabs[1], 'Google');
  await approve(tabs[0], 'The Octocat');
  await tabs[0].getByRole('heading', { name: 'Hello, The Octocat' }).waitFor();
  await approve(tabs[1], 'Mona Lisa');
  await tabs[1].getByRole('heading', { name: 'Hello, Mona Lisa' }).waitFor();
});

test('back from the provider, and another one chosen', async (t) => {
  const page = await (await visitor(t)).open(demo.url);
  await page.getByRole('link', { name: 'Log in', exact: true }).click();
  await choose(page, 'GitHub');
  await page.getByRole('heading', { name: 'GitHub' }).waitFor();
  await page.goBack();
  await choose(page, 'Facebook');
  await page.getByRole('heading', { name: 'Facebook' }).waitFor();
  await page.goBack();
  await choose(page, 'Discord');
  await approve(page, 'Nelly');
  await page.getByRole('heading', { name: 'Hello, Nelly' }).waitFor();
});

test('back from the app after a login, and forward again', async (t) => {
  const page = await (await visitor(t)).open(demo.url);
  await logIn(page);
  await page.goBack();
  await approve(page, 'The Octocat');
  await page.getByText('Please start again').waitFor();
  await page.goto(demo.url);
  await page.getByRole('heading', { name: 'Hello, The Octocat' }).waitFor();
});

test('callbacks that are loaded again do no harm', async (t) => {
  const page = await (await visitor(t)).open();
  const callbacks = [];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname.startsWith('/callback')) callbacks.push(request.url());
  });
  await page.goto(demo.url);
  await logIn(page);
  const [atHub, atApp] = callbacks;
  await page.goto(atHub);
  await page.getByText('Please start again').waitFor();
  await page.goto(atApp);
  await page.getByRole('heading', { name: 'Hello, The Octocat' }).waitFor();
});

test('without the cookie of a login its answer is refused, in plain words', async (t) => {
  const person = await visitor(t);
  const page = await person.open(demo.url);
  await page.getByRole('link', { name: 'Log in', exact: true }).click();
  await choose(page, 'GitHub');
  await person.context.clearCookies({ name: /^cardea-login-/ });
  await approve(page, 'The Octocat');
  await page.getByText('This login has expired or was started in another browser').waitFor();
});

test('an app that has lost its own cookie says so, in plain words', async (t) => {
  const person = await visitor(t);
  const page = await person.open(demo.url);
  await page.getByRole('link', { name: 'Log in', exact: true }).click();
  await choose(page, 'GitHub');
  await person.context.clearCookies({ name: /^cardea-demo-login-/ });
  await approve(page, 'The Octocat');
  await page.getByText('This answer does not belong to a login that was started here').waitFor();
  await page.getByRole('link', { name: 'Start again' }).click();
  await page.getByRole('heading', { name: 'Demo app' }).waitFor();
});

test('a link to the app cannot put words into its mouth', async (t) => {
  const page = await (await visitor(t)).open(`${demo.url}?error=${encodeURIComponent('<b>Call 555</b>')}`);
  assert.doesNotMatch(await page.locator('main').innerText(), /555/);
});

// ---- by keyboard ----

// Tab until the element with that text, seeing each on the way; then Enter.
async function press(page, text) {
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press('Tab');
    const { text: found, visible } = await focused(page);
    assert.ok(visible, `one does not see that the keyboard is on "${found}"`);
    if (found.startsWith(text)) {
      await page.keyboard.press('Enter');
      return;
    }
  }
  assert.fail(`the keyboard does not reach "${text}"`);
}

test('everything works by keyboard, in the order in which it stands there', async (t) => {
  const page = await (await visitor(t)).open(demo.url);
  await press(page, 'Log in');
  await page.getByRole('heading', { name: 'Sign in to Demo app' }).waitFor();
  for (const name of Object.keys(PROVIDERS)) {
    await page.keyboard.press('Tab');
    assert.equal((await focused(page)).text, `Continue with ${name}`);
  }
  await page.reload();
  await press(page, 'Continue with GitHub');
  await page.getByRole('heading', { name: 'GitHub' }).waitFor();
  await press(page, 'The Octocat');
  await page.getByRole('heading', { name: 'Hello, The Octocat' }).waitFor();
  await press(page, 'Refresh the tokens');
  await page.getByText('refreshed (1×)').waitFor();
  await press(page, 'Log out of this app');
  await page.getByText('This app has forgotten you').waitFor();
  await press(page, 'sign out at Cardea');
  await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
  await press(page, 'Sign out');
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
});

test('everything works without scripts', async (t) => {
  const page = await (await visitor(t, { javaScriptEnabled: false })).open(demo.url);
  await logIn(page);
  await page.getByRole('button', { name: 'Refresh the tokens' }).click();
  await page.getByText('refreshed (1×)').waitFor();
  await page.getByRole('button', { name: 'Log out of this app' }).click();
  await page.getByRole('link', { name: 'sign out at Cardea' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in again' }).click();
  await choose(page, 'Google');
  await approve(page, 'Mona Lisa');
  await page.getByText('As Mona Lisa, by Google.').waitFor();
});

// ---- looks ----

const PHONE = { width: 375, height: 667 };

const LOOKS = {
  desk: {},
  'desk-dark': { colorScheme: 'dark' },
  phone: { viewport: PHONE, hasTouch: true, isMobile: true },
  'phone-dark': { viewport: PHONE, hasTouch: true, isMobile: true, colorScheme: 'dark' },
  narrow: { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true },
  'phone-german': { viewport: PHONE, hasTouch: true, isMobile: true, locale: 'de-AT' },
};

for (const [look, options] of Object.entries(LOOKS)) {
  test(`every page of the demo is fit to be seen: ${look}`, async (t) => {
    const page = await (await visitor(t, options)).open(demo.url);
    const see = (name) => inspect(page, `demo-${name}-${look}`);
    await see('1-app');
    await page.getByRole('link', { name: 'Log in', exact: true }).click();
    await see('2-chooser');
    await page.locator('a.choice').first().click();
    await see('3-provider');
    await page.getByRole('button', { name: /^Deny/ }).click();
    await see('4-denied');
    await page.getByRole('link', { name: 'Log in', exact: true }).click();
    await page.locator('a.choice').first().click();
    await page.getByRole('button', { name: /^Go wrong/ }).first().click();
    await see('5-error');
    await page.goto(`${demo.url}login`);
    await page.locator('a.choice').nth(3).click();
    await approve(page, '小企鹅');
    await see('6-logged-in');
    await page.getByRole('button', { name: 'Refresh the tokens' }).click();
    await see('7-refreshed');
    await page.getByRole('button', { name: 'Log out of this app' }).click();
    await see('8-out-of-the-app');
    await page.getByRole('link', { name: 'sign out at Cardea' }).click();
    await see('9-sign-out');
    await page.locator('button.primary').click();
    await see('10-signed-out');
  });
}

test('the hub speaks German with those who want it, and the pages say which language they are in', async (t) => {
  const page = await (await visitor(t, { locale: 'de-AT' })).open();
  const hub = await hubOf(page, demo.url);
  await page.getByRole('heading', { name: 'Anmelden bei Demo app' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  await page.goto(`${hub}/nothing`);
  await page.getByText('Unter dieser Adresse gibt es nichts.').waitFor();
  await page.goto(demo.url);
  assert.equal(await page.locator('body').getAttribute('lang'), 'en');
});

// ---- the program ----

test('a second demo runs beside the first', async (t) => {
  const second = await startDemo();
  t.after(() => second.stop());
  assert.notEqual(second.url, demo.url);
  const page = await (await visitor(t)).open(second.url);
  await logIn(page, 'Google');
});
