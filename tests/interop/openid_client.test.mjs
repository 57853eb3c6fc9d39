// openid-client as a relying party: whole logins against a hub, with every check of the library switched on.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as client from 'openid-client';
import { app, Browser, CALLBACK, SECRET, startHub, visit } from './hub.mjs';

const LOOPBACK = 'http://127.0.0.1/callback';

const hub = await startHub({
  clients: {
    rsa: app({ id_token_signed_response_alg: 'RS256', token_endpoint_auth_method: 'client_secret_post' }),
    eddsa: app({ id_token_signed_response_alg: 'EdDSA' }),
    public: {
      token_endpoint_auth_method: 'none',
      redirect_uris: [LOOPBACK, 'com.example.app:/callback'],
      scope: 'openid profile email offline_access',
    },
    asks: app({ consent: 'explicit' }),
    jwt: app({ access_token: 'jwt' }),
  },
});
test.after(() => hub.stop());

// ---- the ways a client can be ----

// Each: what openid-client is told of the client, and how it authenticates.
const CLIENTS = {
  app: [{ id_token_signed_response_alg: 'ES256' }, client.ClientSecretBasic(SECRET)],
  rsa: [{ id_token_signed_response_alg: 'RS256' }, client.ClientSecretPost(SECRET)],
  eddsa: [{ id_token_signed_response_alg: 'EdDSA' }, client.ClientSecretBasic(SECRET)],
  public: [{ id_token_signed_response_alg: 'ES256' }, client.None()],
  asks: [{ id_token_signed_response_alg: 'ES256' }, client.ClientSecretBasic(SECRET)],
  jwt: [{ id_token_signed_response_alg: 'ES256' }, client.ClientSecretBasic(SECRET)],
};

async function discover(id = 'app', authentication = undefined, options = {}, issuer = hub.issuer) {
  const [metadata, usual] = CLIENTS[id];
  return client.discovery(new URL(issuer), id, metadata, authentication ?? usual, {
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
    ...options,
  });
}

// An authorization request, and the checks its answer will have to pass.
async function begin(config, over = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const parameters = {
    redirect_uri: CALLBACK,
    scope: 'openid profile email',
    state: client.randomState(),
    nonce: client.randomNonce(),
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...over,
  };
  return {
    url: client.buildAuthorizationUrl(config, parameters),
    checks: {
      expectedState: parameters.state,
      expectedNonce: parameters.nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    },
  };
}

async function login(config, over = {}, choices = {}) {
  const { url, checks } = await begin(config, over);
  const answer = await visit(url, { to: over.redirect_uri ?? CALLBACK, ...choices });
  return client.authorizationCodeGrant(config, answer, checks);
}

// ---- discovery ----

for (const algorithm of ['oidc', 'oauth2']) {
  test(`the metadata are found by way of ${algorithm}`, async () => {
    const config = await discover('app', undefined, { algorithm });
    const server = config.serverMetadata();
    assert.equal(server.issuer, hub.issuer);
    assert.ok(server.supportsPKCE('S256'));
    assert.ok(server.authorization_response_iss_parameter_supported);
  });

  test(`an issuer with a path is found by way of ${algorithm}`, async (t) => {
    const below = await startHub({}, { issuerPath: '/sso/main' });
    t.after(() => below.stop());
    const config = await discover('app', undefined, { algorithm }, below.issuer);
    const tokens = await login(config);
    assert.equal(tokens.claims().iss, below.issuer);
  });
}

// ---- logins ----

for (const id of ['app', 'rsa', 'eddsa', 'jwt']) {
  test(`the client ${id} logs a person in, and asks who it was`, async () => {
    const config = await discover(id);
    const tokens = await login(config);
    const claims = tokens.claims();
    assert.equal(claims.aud, id);
    assert.equal(claims.name, 'The Octocat');
    assert.equal(claims.idp, 'github');
    assert.equal(tokens.token_type, 'bearer');
    const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.equal(info.email, 'octocat@example.com');
    assert.equal(info.email_verified, true);
  });
}

test('a public client on a loopback port of its own logs a person in', async () => {
  const config = await discover('public');
  const tokens = await login(config, { redirect_uri: 'http://127.0.0.1:53682/callback' });
  assert.equal(tokens.claims().aud, 'public');
});

test('a native app with a scheme of its own logs a person in', async () => {
  const config = await discover('public');
  const tokens = await login(config, { redirect_uri: 'com.example.app:/callback' });
  assert.equal(tokens.claims().aud, 'public');
});

test('the answer may come as a form', async () => {
  const config = await discover();
  const tokens = await login(config, { response_mode: 'form_post' });
  assert.equal(tokens.claims().name, 'The Octocat');
});

test('an error may come as a form, too', async () => {
  const config = await discover();
  const { url, checks } = await begin(config, { response_mode: 'form_post', prompt: 'none' });
  await assert.rejects(client.authorizationCodeGrant(config, await visit(url), checks), {
    name: 'AuthorizationResponseError',
    error: 'login_required',
  });
});

test('a login without openid is plain OAuth 2', async () => {
  const config = await discover();
  const { url, checks } = await begin(config, { scope: 'read' });
  checks.idTokenExpected = false;
  delete checks.expectedNonce;
  const tokens = await client.authorizationCodeGrant(config, await visit(url), checks);
  assert.equal(tokens.id_token, undefined);
  assert.equal(tokens.scope ?? 'read', 'read');
});

test('the person may be asked for consent, and agree', async () => {
  const config = await discover('asks');
  const tokens = await login(config, {}, { decision: 'allow' });
  assert.equal(tokens.claims().name, 'The Octocat');
});

for (const [who, id, choices] of [
  ['at the provider', 'app', { simulated: 'denied' }],
  ['when asked for consent', 'asks', { decision: 'deny' }],
]) {
  test(`a person who says no ${who} is an access_denied`, async () => {
    const config = await discover(id);
    await assert.rejects(login(config, {}, choices), {
      name: 'AuthorizationResponseError',
      error: 'access_denied',
    });
  });
}

// ---- whether and how somebody is there ----

test('prompt=none finds nobody, and then the session that a login has begun', async () => {
  const config = await discover();
  const browser = new Browser();
  await assert.rejects(login(config, { prompt: 'none' }, { browser }), { error: 'login_required' });
  const first = (await login(config, {}, { browser })).claims();
  const second = (await login(config, { prompt: 'none' }, { browser })).claims();
  assert.equal(second.sub, first.sub);
  assert.equal(second.auth_time, first.auth_time);
});

test('prompt=none where consent is needed is a consent_required', async () => {
  const config = await discover('asks');
  const browser = new Browser();
  await login(config, {}, { browser });
  await assert.rejects(login(config, { prompt: 'none' }, { browser }), { error: 'consent_required' });
});

test('max_age puts auth_time into the ID token, and 0 demands a fresh login', async () => {
  const config = await discover();
  const browser = new Browser();
  const old = await begin(config, { max_age: '3600' });
  const before = await client.authorizationCodeGrant(config, await visit(old.url, { browser }), {
    ...old.checks,
    maxAge: 3600,
  });
  const fresh = await begin(config, { max_age: '0' });
  const answer = await browser.get(fresh.url.href);
  assert.match(answer.headers.get('location'), /\/login\?/, 'the old login was good enough');
  const after = await client.authorizationCodeGrant(config, await visit(fresh.url, { browser }), {
    ...fresh.checks,
    maxAge: 5,
  });
  assert.ok(after.claims().auth_time >= before.claims().auth_time);
});

test('id_token_hint names the person who has to be there', async () => {
  const config = await discover();
  const [octocat, mojombo] = [new Browser(), new Browser()];
  const { id_token: hint } = await login(config, {}, { browser: octocat });
  await login(config, {}, { browser: mojombo, simulated: 'unverified' });
  await login(config, { prompt: 'none', id_token_hint: hint }, { browser: octocat });
  await assert.rejects(login(config, { prompt: 'none', id_token_hint: hint }, { browser: mojombo }), {
    error: 'login_required',
  });
});

test('login_hint, acr_values and ui_locales are borne', async () => {
  const config = await discover();
  const tokens = await login(config, { login_hint: 'octocat', acr_values: 'urn:one', ui_locales: 'de fr' });
  assert.equal(tokens.claims().name, 'The Octocat');
});

test('two apps see the same person, with one login', async () => {
  const browser = new Browser();
  const first = (await login(await discover('app'), {}, { browser })).claims();
  const second = (await login(await discover('rsa'), { prompt: 'none' }, { browser })).claims();
  assert.equal(second.sub, first.sub);
});

// ---- what must not pass ----

test('an answer from somebody else, or from nobody, is refused by its iss', async () => {
  const config = await discover();
  for (const iss of ['https://evil.test', null]) {
    const { url, checks } = await begin(config);
    const answer = await visit(url);
    assert.equal(answer.searchParams.get('iss'), hub.issuer);
    if (iss === null) answer.searchParams.delete('iss');
    else answer.searchParams.set('iss', iss);
    await assert.rejects(client.authorizationCodeGrant(config, answer, checks), (error) =>
      /"iss"/.test(error.cause.message),
    );
  }
});

test('another state and another nonce are noticed', async () => {
  const config = await discover();
  for (const wrong of ['expectedState', 'expectedNonce']) {
    const { url, checks } = await begin(config);
    await assert.rejects(client.authorizationCodeGrant(config, await visit(url), { ...checks, [wrong]: 'x' }));
  }
});

test('a wrong verifier and a second use of a code are invalid_grant', async () => {
  const config = await discover();
  const { url, checks } = await begin(config);
  const answer = await visit(url);
  const refusal = { name: 'ResponseBodyError', error: 'invalid_grant' };
  const other = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
  await assert.rejects(client.authorizationCodeGrant(config, answer, other), refusal);

  const next = await begin(config);
  const code = await visit(next.url);
  const tokens = await client.authorizationCodeGrant(config, code, next.checks);
  await assert.rejects(client.authorizationCodeGrant(config, code, next.checks), refusal);
  await assert.rejects(client.fetchUserInfo(config, tokens.access_token, client.skipSubjectCheck), {
    code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE',
  });
});

test('a wrong secret, and the wrong way to present it, are invalid_client', async () => {
  for (const authentication of [
    client.ClientSecretBasic('not the secret'),
    client.ClientSecretPost(SECRET),
    client.None(),
  ]) {
    const config = await discover('app', authentication);
    // With credentials in the header the refusal is a challenge, else a plain error (RFC 6749, 5.2).
    await assert.rejects(client.clientCredentialsGrant(config), (error) => {
      assert.equal(error.status, 401);
      assert.ok(error.error === 'invalid_client' || error.cause[0].scheme === 'basic', error);
      return true;
    });
  }
});

test('a scope the client may not have is an invalid_scope', async () => {
  const config = await discover();
  await assert.rejects(login(config, { scope: 'openid admin' }), { error: 'invalid_scope' });
});

// ---- refresh, introspection, revocation, client_credentials ----

for (const id of ['app', 'rsa', 'public']) {
  test(`the refresh token of ${id} rotates`, async () => {
    const config = await discover(id);
    const redirect_uri = id === 'public' ? LOOPBACK : CALLBACK;
    const first = await login(config, { redirect_uri, scope: 'openid email offline_access' });
    const second = await client.refreshTokenGrant(config, first.refresh_token);
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.notEqual(second.access_token, first.access_token);
    assert.equal(second.claims().sub, first.claims().sub);
    assert.equal(second.claims().auth_time, first.claims().auth_time);
    const third = await client.refreshTokenGrant(config, second.refresh_token, { scope: 'openid' });
    await client.fetchUserInfo(config, third.access_token, first.claims().sub);
  });
}

test('a refresh token from two turns ago ends the grant', async () => {
  const config = await discover();
  const first = await login(config, { scope: 'openid offline_access' });
  const second = await client.refreshTokenGrant(config, first.refresh_token);
  const third = await client.refreshTokenGrant(config, second.refresh_token);
  const refusal = { error: 'invalid_grant' };
  await assert.rejects(client.refreshTokenGrant(config, first.refresh_token), refusal);
  await assert.rejects(client.refreshTokenGrant(config, third.refresh_token), refusal);
});

test('tokens are introspected and revoked', async () => {
  const config = await discover();
  const tokens = await login(config, { scope: 'openid offline_access read' });
  const about = await client.tokenIntrospection(config, tokens.access_token);
  assert.equal(about.active, true);
  assert.equal(about.client_id, 'app');
  assert.equal(about.sub, tokens.claims().sub);
  assert.deepEqual(about.scope.split(' ').sort(), ['offline_access', 'openid', 'read']);

  await client.tokenRevocation(config, tokens.refresh_token, { token_type_hint: 'refresh_token' });
  assert.deepEqual(await client.tokenIntrospection(config, tokens.access_token), { active: false });
  assert.deepEqual(await client.tokenIntrospection(config, 'no token at all'), { active: false });
  await client.tokenRevocation(config, tokens.refresh_token);
});

for (const id of ['app', 'rsa', 'jwt']) {
  test(`${id} gets a token of its own`, async () => {
    const config = await discover(id);
    const tokens = await client.clientCredentialsGrant(config, { scope: 'read write' });
    assert.equal(tokens.refresh_token, undefined);
    assert.equal(tokens.id_token, undefined);
    const about = await client.tokenIntrospection(config, tokens.access_token);
    assert.equal(about.active, true);
    assert.equal(about.client_id, id);
  });
}
