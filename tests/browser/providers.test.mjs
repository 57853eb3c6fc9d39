// One login at each provider that Cardea knows, played from its cases, in Chromium: several people at once, each with a
// part of the list.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { cardea } from '../interop/hub.mjs';
import { inspect, startChromium, stopChromium, visitor } from './browser.mjs';
import { claims, hubOf, startDemo } from './demo.mjs';

const PEOPLE = 3;

const demo = await startDemo(['--all']);
await startChromium();
test.after(async () => {
  await stopChromium();
  await demo.stop();
});

const plugins = JSON.parse(execFileSync(cardea, ['plugin', 'list', '-o', 'json']));

function offers(page) {
  return page.getByRole('navigation', { name: 'Ways to sign in' }).getByRole('link');
}

// From the app to the page of one provider, and back as whoever stands first there.
async function logIn(page, { id, name }) {
  await page.goto(`${demo.url}login?other=1`);
  await page.locator(`a.choice[href*="/login/${id}?"]`).click();
  await page.getByRole('heading', { name, exact: true, level: 1 }).waitFor();
  const person = page.getByRole('list').first().getByRole('button').first();
  const called = await person.locator('bdi').innerText();
  await person.click();
  const send = page.getByRole('button', { name: 'Send the answer' });
  await page.getByRole('heading', { name: /^Hello, / }).or(send).waitFor();
  if (await send.isVisible()) await send.click();
  await page.getByRole('heading', { name: /^Hello, / }).waitFor();
  const told = await claims(page);
  assert.equal(told.idp, id);
  assert.ok(told.sub && told.idp_sub, 'nobody has come');
  if (told.name) assert.equal(told.name, called);
}

test('the chooser offers every provider, each with a mark', async (t) => {
  const page = await (await visitor(t)).open(`${demo.url}login`);
  const links = await offers(page).evaluateAll((all) => all.map((each) => new URL(each.href).pathname));
  assert.deepEqual(links.sort(), plugins.map(({ id }) => `/login/${id}`).sort());
  const names = await offers(page).allInnerTexts();
  assert.equal(new Set(names).size, names.length, `who could tell them apart: ${names}`);
  const blank = await page.locator('.choice img').evaluateAll((all) =>
    Promise.all(all.map((image) => image.decode())).then(() =>
      all.filter((image) => image.naturalWidth === 0).map((image) => image.src),
    ),
  );
  assert.deepEqual(blank, []);
  await inspect(page, 'all-chooser-desk');
});

test('one finds a provider by a part of its name, and still gets where one wanted to go', async (t) => {
  const page = await (await visitor(t)).open(`${demo.url}login`);
  await page.keyboard.press('Tab');
  await page.keyboard.type('ITHU');
  await page.keyboard.press('Enter');
  await page.waitForURL(/find=ITHU/);
  assert.deepEqual(await offers(page).allInnerTexts(), ['GitHub']);
  await page.getByRole('searchbox', { name: 'Find a way to sign in' }).fill('<b>"&');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByText('Nothing here is called “<b>"&”.').waitFor();
  await inspect(page, 'all-nothing-found');
  await page.getByRole('searchbox').fill('');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'GitHub', exact: true }).click();
  await page.getByRole('button', { name: /^The Octocat/ }).click();
  await page.getByRole('heading', { name: 'Hello, The Octocat' }).waitFor();
});

test('one finds a provider on the way to a page of the hub, too', async (t) => {
  const page = await (await visitor(t)).open();
  await page.goto(`${await hubOf(page, demo.url)}/login?return_to=/logout`);
  await page.getByRole('searchbox').fill('discord');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Discord', exact: true }).click();
  await page.getByRole('button', { name: /^Nelly/ }).click();
  await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
});

for (const [look, options] of Object.entries({
  narrow: { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true },
  'desk-dark': { colorScheme: 'dark' },
})) {
  test(`many providers are fit to be seen: ${look}`, async (t) => {
    const page = await (await visitor(t, options)).open(`${demo.url}login`);
    await inspect(page, `all-chooser-${look}`);
    await offers(page).first().click();
    await page.goto(new URL('/', page.url()).href);
    await inspect(page, `all-simulator-${look}`);
  });
}

test('the providers', { concurrency: PEOPLE }, async (t) => {
  const parts = Array.from({ length: PEOPLE }, (_, i) => plugins.filter((_, k) => k % PEOPLE === i));
  const tests = parts.map((part, i) =>
    t.test(`visitor ${i + 1}`, async (t) => {
      const page = await (await visitor(t)).open();
      for (const plugin of part) await t.test(`a person logs in with ${plugin.name}`, () => logIn(page, plugin));
    }),
  );
  await Promise.all(tests);
});
