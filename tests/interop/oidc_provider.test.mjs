// oidc-provider as the upstream: Cardea is its client by way of the built-in `oidc` plugin. The provider wants PKCE
// and client_secret_basic, and promises its issuer in every answer (RFC 9207).

import assert from 'node:assert/strict';
import test from 'node:test';
import * as jose from 'jose';
import * as client from 'openid-client';
import { Browser, CALLBACK, readForm, SECRET, startHub, visit } from './hub.mjs';
import { CLIENT_SECRET, person, startCompany } from './provider.mjs';

const company = await startCompany();

// Keys with which Cardea signs what it asks for tokens with.
const OWN_KEYS = {
  keyes256: await jose.generateKeyPair('ES256', { extractable: true }),
  keyrs256: await jose.generateKeyPair('RS256', { extractable: true }),
};
const PEM = {};
for (const [id, { privateKey }] of Object.entries(OWN_KEYS)) PEM[id] = await jose.exportPKCS8(privateKey);

// One entry of `providers` for each client that Cardea is there.
function entry(over = {}) {
  return {
    plugin: 'oidc',
    name: 'The company',
    issuer: company.issuer,
    client_id: 'es256',
    client_secret: CLIENT_SECRET,
    scopes: ['openid', 'profile', 'email'],
    id_token_algs: ['ES256'],
    ...over,
  };
}

const PROVIDERS = {
  es256: {},
  rs256: { client_id: 'rs256', id_token_algs: ['RS256'] },
  eddsa: { client_id: 'eddsa', id_token_algs: ['EdDSA'] },
  byform: { client_id: 'byform', response_mode: 'form_post' },
  post: { client_id: 'post', token_auth: 'post' },
  secretjwt: { client_id: 'secretjwt', token_auth: 'client_secret_jwt' },
  keyes256: { client_id: 'keyes256', token_auth: 'private_key_jwt', keys: { client: PEM.keyes256 } },
  keyrs256: { client_id: 'keyrs256', token_auth: 'private_key_jwt', keys: { client: PEM.keyrs256 } },
  groups: { client_id: 'groups', scopes: ['openid', 'profile', 'groups'], claims: { groups: '/groups' } },
  trusted: { client_id: 'trusted', trust_email: 'always' },
  picky: { client_id: 'picky', id_token_algs: ['RS256'] },
  careless: { client_id: 'careless', pkce: 'no' },
  mistaken: { client_id: 'mistaken', client_secret: 'not what the provider knows' },
};

// What the provider knows of each.
const REGISTERED = {
  rs256: { id_token_signed_response_alg: 'RS256' },
  eddsa: { id_token_signed_response_alg: 'EdDSA' },
  post: { token_endpoint_auth_method: 'client_secret_post' },
  secretjwt: { token_endpoint_auth_method: 'client_secret_jwt' },
};
for (const [id, { publicKey }] of Object.entries(OWN_KEYS)) {
  const jwk = await jose.exportJWK(publicKey);
  REGISTERED[id] = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } };
}

const hub = await startHub(
  () => ({ providers: Object.fromEntries(Object.entries(PROVIDERS).map(([id, over]) => [id, entry(over)])) }),
  { simulate: [] },
);

await company.configure(
  Object.keys(PROVIDERS).map((id) => ({
    client_id: id,
    client_secret: CLIENT_SECRET,
    redirect_uris: [`${hub.issuer}/callback/${id}`],
    id_token_signed_response_alg: 'ES256',
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'openid profile email groups',
    ...REGISTERED[id],
  })),
);

test.after(async () => {
  await hub.stop();
  await company.stop();
});

const app = await client.discovery(
  new URL(hub.issuer),
  'app',
  { id_token_signed_response_alg: 'ES256' },
  client.ClientSecretBasic(SECRET),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
);

// A whole login of an app at Cardea, at the company: the claims that the app gets. `over` goes into the request.
async function login(provider, who = person('alice'), browser = new Browser(), over = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const url = client.buildAuthorizationUrl(app, {
    redirect_uri: CALLBACK,
    scope: 'openid profile email groups',
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    idp_hint: provider,
    ...over,
  });
  const answer = await visit(url, { browser, provider, foreign: who });
  const checks = { expectedState: state, pkceCodeVerifier: verifier, idTokenExpected: true };
  return (await client.authorizationCodeGrant(app, answer, checks)).claims();
}

// A login without an app, up to the answer that goes back to our callback.
async function answerOf(provider, browser) {
  const to = `${hub.issuer}/callback/${provider}`;
  return visit(hub.url(`/login/${provider}`), { browser, to, foreign: person('alice') });
}

// ---- logins ----

for (const provider of ['es256', 'rs256', 'eddsa', 'byform', 'post', 'secretjwt', 'keyes256', 'keyrs256']) {
  test(`a person of the company logs in by way of ${provider}`, async () => {
    const claims = await login(provider);
    assert.equal(claims.idp, provider);
    assert.equal(claims.idp_sub, 'alice');
    assert.equal(claims.name, 'Alice');
    assert.equal(claims.email, 'alice@company.test');
    assert.equal(claims.email_verified, false, 'the word of a provider that nobody has said to trust');
  });
}

test('what is sent to the provider is what it was promised', async () => {
  company.requests.length = 0;
  await login('es256');
  const [authorize] = company.asked('/auth');
  const sent = new URL(authorize.url, company.issuer).searchParams;
  assert.equal(sent.get('code_challenge_method'), 'S256');
  assert.ok(sent.get('nonce') && sent.get('state') && sent.get('code_challenge'));
  const [token] = company.asked('/token');
  const pair = Buffer.from(token.headers.authorization.split(' ')[1], 'base64').toString();
  assert.deepEqual(pair.split(':').map(decodeURIComponent), ['es256', CLIENT_SECRET]);
  assert.ok(token.form.code_verifier.length >= 43);
  assert.equal(token.form.client_secret, undefined);
});

test('the same person is the same account, and another one is not', async () => {
  const first = await login('es256');
  const again = await login('es256');
  const bob = await login('es256', person('bob'));
  assert.equal(again.sub, first.sub);
  assert.notEqual(bob.sub, first.sub);
  assert.equal(bob.idp_sub, 'bob');
});

test('groups come through where the claim map names them', async () => {
  assert.deepEqual((await login('groups')).groups, ['staff', 'chess club']);
});

test('an e-mail address is verified where the operator trusts the provider', async () => {
  assert.equal((await login('trusted')).email_verified, true);
});

test('a second login needs no page of the provider', async () => {
  const browser = new Browser();
  await login('es256', person('carol'), browser);
  for (const name of [...browser.jar.keys()]) if (name.includes('cardea')) browser.jar.delete(name);
  company.requests.length = 0;
  assert.equal((await login('es256', person('nobody'), browser)).idp_sub, 'carol');
  assert.equal(company.asked('/auth').length, 1);
});

test('a login hint, and the wish to log in again, reach the provider', async () => {
  const browser = new Browser();
  await login('es256', person('carol'), browser);
  company.requests.length = 0;
  const claims = await login('es256', person('dave'), browser, { prompt: 'login', login_hint: 'dave' });
  assert.equal(claims.idp_sub, 'dave', 'the provider has not asked again');
  const [first] = company.asked('/auth');
  const sent = new URL(first.url, company.issuer).searchParams;
  assert.equal(sent.get('prompt'), 'login');
  assert.equal(sent.get('login_hint'), 'dave');
});

test('cancelling at the provider is an access_denied for the app', async () => {
  await assert.rejects(login('es256', person('alice', { cancels: true })), { error: 'access_denied' });
});

// ---- what must not pass ----

test('an answer without the promised issuer, or with another, is refused', async () => {
  for (const iss of [null, 'https://evil.test', `${company.issuer}/`]) {
    const browser = new Browser();
    const answer = await answerOf('es256', browser);
    assert.equal(answer.searchParams.get('iss'), company.issuer);
    if (iss === null) answer.searchParams.delete('iss');
    else answer.searchParams.set('iss', iss);
    assert.equal((await browser.get(answer.href)).status, 400, String(iss));
    assert.equal((await browser.get(hub.url('/session'))).status, 401, String(iss));
  }
});

test('an answer is good once, and in its own browser', async () => {
  const browser = new Browser();
  const answer = await answerOf('es256', browser);
  assert.equal((await new Browser().get(answer.href)).status, 400);
  assert.equal((await browser.get(answer.href)).status, 303);
  assert.equal((await browser.get(answer.href)).status, 400);
});

test('the answer of one provider does not count at another', async () => {
  const browser = new Browser();
  const answer = await answerOf('es256', browser);
  const elsewhere = answer.href.replace('/callback/es256', '/callback/rs256');
  assert.equal((await browser.get(elsewhere)).status, 400);
});

for (const [provider, why] of [
  ['picky', 'an ID token signed with another algorithm than configured'],
  ['careless', 'a provider that wants PKCE and does not get it'],
  ['mistaken', 'a provider that does not take our secret'],
]) {
  test(`${why} ends on a page that says so`, async () => {
    const browser = new Browser();
    const answer = await answerOf(provider, browser);
    const page = await browser.get(answer.href);
    assert.equal(page.status, 502);
    assert.match(page.page, /The login service answered in a way that cannot be used/);
    assert.equal((await browser.get(hub.url('/session'))).status, 401);
  });
}

// ---- logging out ----

// On the page on which one is asked whether one really wants to.
async function signOut(browser) {
  const { action, fields } = readForm((await browser.get(hub.url('/logout'))).page, hub.issuer);
  await browser.post(action, fields);
  assert.equal((await browser.get(hub.url('/session'))).status, 401);
}

test('out of Cardea is not out of the company, whose session logs the same person in again', async () => {
  const browser = new Browser();
  const first = await login('es256', person('erin'), browser);
  await signOut(browser);
  const again = await login('es256', person('nobody'), browser);
  assert.equal(again.sub, first.sub);
  assert.ok(again.auth_time >= first.auth_time);
});

test('out of the company is not out of Cardea, until one leaves there too', async () => {
  const browser = new Browser();
  const first = await login('es256', person('erin'), browser);
  const end = `${company.issuer}/session/end`;
  const { action, fields } = readForm((await browser.get(end)).page, end);
  await browser.post(action, { ...fields, logout: 'yes' });
  company.requests.length = 0;
  assert.equal((await login('es256', person('nobody'), browser)).sub, first.sub);
  assert.equal(company.asked('/auth').length, 0, 'the company was asked');
  await signOut(browser);
  assert.equal((await login('es256', person('frank'), browser)).idp_sub, 'frank');
});

// ---- companies of their own ----

// A provider below a path and a hub that knows it as `own`. signIn() gives the status of the last answer and what
// /session says then.
async function startPair(t, path) {
  const provider = await startCompany(path);
  t.after(() => provider.stop());
  const own = await startHub({ providers: { own: entry({ issuer: provider.issuer }) } }, { simulate: [] });
  t.after(() => own.stop());
  const callback = `${own.issuer}/callback/own`;
  await provider.configure([
    {
      client_id: 'es256',
      client_secret: CLIENT_SECRET,
      redirect_uris: [callback],
      id_token_signed_response_alg: 'ES256',
    },
  ]);
  return {
    provider,
    async signIn() {
      const browser = new Browser();
      const answer = await visit(own.url('/login/own'), { browser, to: callback, foreign: person('alice') });
      const { status } = await browser.get(answer.href);
      return { status, ...JSON.parse((await browser.get(own.url('/session'))).page) };
    },
  };
}

test('a provider below a path is found', async (t) => {
  const { signIn } = await startPair(t, '/realms/staff');
  const { status, idp, idp_sub } = await signIn();
  assert.deepEqual({ status, idp, idp_sub }, { status: 303, idp: 'own', idp_sub: 'alice' });
});

test('keys that the provider has changed are fetched once more, and no more than that', async (t) => {
  const { provider, signIn } = await startPair(t, '');
  assert.equal((await signIn()).status, 303);
  await provider.configure();
  provider.requests.length = 0;
  for (let i = 0; i < 2; i++) assert.equal((await signIn()).idp_sub, 'alice');
  assert.equal(provider.asked('/jwks').length, 1);

  // Once more at once: the next fetch has to wait, and until then the login fails.
  await provider.configure();
  const refused = await signIn();
  assert.equal(refused.status, 502);
  assert.equal(refused.idp_sub, undefined);
  assert.equal(provider.asked('/jwks').length, 1);
});
