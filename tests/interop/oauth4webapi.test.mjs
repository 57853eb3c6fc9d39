// oauth4webapi as a relying party, one layer below openid-client: every answer goes through its process function, so
// that each is judged by the letter of its specification, signatures included.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as oauth from 'oauth4webapi';
import { app, Browser, CALLBACK, SECRET, startHub, visit } from './hub.mjs';

const LOOPBACK = 'http://127.0.0.1/callback';
const API = 'https://api.test/';

const hub = await startHub({
  clients: {
    rsa: app({ id_token_signed_response_alg: 'RS256', token_endpoint_auth_method: 'client_secret_post' }),
    public: {
      token_endpoint_auth_method: 'none',
      redirect_uris: [LOOPBACK],
      scope: 'openid profile email offline_access',
    },
    jwt: app({ access_token: 'jwt', audience: [API] }),
    asks: app({ consent: 'explicit' }),
  },
});
test.after(() => hub.stop());

const options = { [oauth.allowInsecureRequests]: true };
const server = await discover();

async function discover(algorithm = 'oidc') {
  const issuer = new URL(hub.issuer);
  const answer = await oauth.discoveryRequest(issuer, { ...options, algorithm });
  return oauth.processDiscoveryResponse(issuer, answer);
}

class Client {
  constructor(id, authentication, alg = 'ES256') {
    this.metadata = { client_id: id, id_token_signed_response_alg: alg };
    this.authentication = authentication;
  }

  // To an authorization response that has passed validation; `tamper` may change it before.
  async authorize(over = {}, { tamper = () => {}, ...choices } = {}) {
    this.verifier = oauth.generateRandomCodeVerifier();
    const url = new URL(server.authorization_endpoint);
    const parameters = {
      client_id: this.metadata.client_id,
      response_type: 'code',
      redirect_uri: CALLBACK,
      scope: 'openid profile email',
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      code_challenge: await oauth.calculatePKCECodeChallenge(this.verifier),
      code_challenge_method: 'S256',
      ...over,
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    this.parameters = parameters;
    let answer = await visit(url, { to: parameters.redirect_uri, ...choices });
    if (answer instanceof Request) answer = new URLSearchParams(await answer.text());
    else answer = answer.searchParams;
    tamper(answer);
    return oauth.validateAuthResponse(server, this.metadata, answer, parameters.state);
  }

  async redeem(answer, { verifier = this.verifier, ...more } = {}) {
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      this.metadata,
      this.authentication,
      answer,
      this.parameters.redirect_uri,
      verifier,
      options,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, this.metadata, response, {
      expectedNonce: this.parameters.nonce,
      requireIdToken: true,
      ...more,
    });
    await oauth.validateApplicationLevelSignature(server, response, options);
    tokens.claims = oauth.getValidatedIdTokenClaims(tokens);
    return tokens;
  }

  async login(over, choices) {
    return this.redeem(await this.authorize(over, choices));
  }

  async userinfo(tokens, subject = tokens.claims.sub) {
    const response = await oauth.userInfoRequest(server, this.metadata, tokens.access_token, options);
    return oauth.processUserInfoResponse(server, this.metadata, subject, response);
  }

  async refresh(token, parameters = {}) {
    const response = await oauth.refreshTokenGrantRequest(server, this.metadata, this.authentication, token, {
      ...options,
      additionalParameters: parameters,
    });
    const tokens = await oauth.processRefreshTokenResponse(server, this.metadata, response);
    if (tokens.id_token) await oauth.validateApplicationLevelSignature(server, response, options);
    tokens.claims = oauth.getValidatedIdTokenClaims(tokens);
    return tokens;
  }

  async introspect(token) {
    const { metadata, authentication } = this;
    const response = await oauth.introspectionRequest(server, metadata, authentication, token, options);
    return oauth.processIntrospectionResponse(server, metadata, response);
  }

  async revoke(token) {
    const { metadata, authentication } = this;
    return oauth.processRevocationResponse(
      await oauth.revocationRequest(server, metadata, authentication, token, options),
    );
  }

  async ownToken(parameters) {
    const { metadata, authentication } = this;
    return oauth.processClientCredentialsResponse(
      server,
      metadata,
      await oauth.clientCredentialsGrantRequest(server, metadata, authentication, parameters, options),
    );
  }
}

const clients = {
  app: () => new Client('app', oauth.ClientSecretBasic(SECRET)),
  rsa: () => new Client('rsa', oauth.ClientSecretPost(SECRET), 'RS256'),
  public: () => new Client('public', oauth.None()),
  jwt: () => new Client('jwt', oauth.ClientSecretBasic(SECRET)),
  asks: () => new Client('asks', oauth.ClientSecretBasic(SECRET)),
};

function refusal(error) {
  return { name: 'ResponseBodyError', error };
}

// ---- metadata ----

test('both metadata documents say the same', async () => {
  assert.deepEqual(await discover('oauth2'), server);
});

test('the metadata announce what is there', () => {
  for (const name of ['token', 'userinfo', 'introspection', 'revocation'])
    assert.ok(server[`${name}_endpoint`].startsWith(hub.issuer), name);
  for (const alg of ['ES256', 'RS256']) assert.ok(server.id_token_signing_alg_values_supported.includes(alg));
  for (const method of ['client_secret_basic', 'client_secret_post', 'none'])
    assert.ok(server.token_endpoint_auth_methods_supported.includes(method));
  assert.ok(server.response_modes_supported.includes('form_post'));
});

// ---- logins ----

for (const id of Object.keys(clients)) {
  test(`${id} logs a person in, refreshes and asks for the profile`, async () => {
    const client = clients[id]();
    const redirect_uri = id === 'public' ? 'http://127.0.0.1:49152/callback' : CALLBACK;
    const tokens = await client.login({ redirect_uri, scope: 'openid profile email offline_access' });
    assert.equal(tokens.token_type, 'bearer');
    assert.equal(tokens.claims.name, 'The Octocat');
    assert.equal(tokens.claims.aud, id);
    assert.equal((await client.userinfo(tokens)).email, 'octocat@example.com');

    const next = await client.refresh(tokens.refresh_token);
    assert.equal(next.claims.sub, tokens.claims.sub);
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    assert.equal((await client.userinfo(next)).sub, tokens.claims.sub);
  });
}

test('the answer may come as a form', async () => {
  const tokens = await clients.app().login({ response_mode: 'form_post' });
  assert.equal(tokens.claims.name, 'The Octocat');
});

for (const [alg, id] of [['RS256', 'app'], ['ES256', 'rsa']]) {
  test(`${id} does not get its ID token signed with ${alg}`, async () => {
    const client = clients[id]();
    client.metadata.id_token_signed_response_alg = alg;
    await assert.rejects(client.login(), { name: 'OperationProcessingError' });
  });
}

test('max_age is kept, and told in auth_time', async () => {
  const client = clients.app();
  const browser = new Browser();
  await client.login({}, { browser });
  const answer = await client.authorize({ max_age: '0' }, { browser });
  const tokens = await client.redeem(answer, { maxAge: 5 });
  assert.ok(Date.now() / 1000 - tokens.claims.auth_time < 60);
});

test('prompt=none finds a session or says login_required', async () => {
  const client = clients.app();
  const browser = new Browser();
  await assert.rejects(client.authorize({ prompt: 'none' }, { browser }), { error: 'login_required' });
  const first = await client.login({}, { browser });
  const again = await client.login({ prompt: 'none', id_token_hint: first.id_token }, { browser });
  assert.equal(again.claims.sub, first.claims.sub);
});

test('consent can be refused, and prompt=consent asks where nobody else would', async () => {
  await assert.rejects(clients.asks().authorize({}, { decision: 'deny' }), { error: 'access_denied' });
  await assert.rejects(clients.app().authorize({ prompt: 'consent' }, { decision: 'deny' }), {
    error: 'access_denied',
  });
});

// ---- what must not pass ----

test('an answer of which anything was changed is refused', async () => {
  const client = clients.app();
  for (const tamper of [
    (answer) => answer.set('iss', 'https://evil.test'),
    (answer) => answer.delete('iss'),
    (answer) => answer.set('state', 'another'),
  ])
    await assert.rejects(client.authorize({}, { tamper }), { name: 'OperationProcessingError' });
});

test('a code is good once, for its verifier and its client', async () => {
  const client = clients.app();
  await assert.rejects(
    client.redeem(await client.authorize(), { verifier: oauth.generateRandomCodeVerifier() }),
    refusal('invalid_grant'),
  );
  const stolen = await client.authorize();
  const thief = clients.rsa();
  Object.assign(thief, { parameters: client.parameters, verifier: client.verifier });
  await assert.rejects(thief.redeem(stolen), refusal('invalid_grant'));

  const answer = await client.authorize();
  await client.redeem(answer);
  await assert.rejects(client.redeem(answer), refusal('invalid_grant'));
});

test('an access token that is none is a challenge', async () => {
  const client = clients.app();
  await assert.rejects(client.userinfo({ access_token: 'nonsense' }, oauth.skipSubjectCheck), (error) => {
    assert.equal(error.name, 'WWWAuthenticateChallengeError');
    assert.equal(error.status, 401);
    const [challenge] = error.cause;
    assert.equal(challenge.scheme, 'bearer');
    assert.equal(challenge.parameters.error, 'invalid_token');
    return true;
  });
});

test('a wrong secret in the header is a challenge, in the form an error', async () => {
  const basic = new Client('app', oauth.ClientSecretBasic('wrong'));
  await assert.rejects(basic.ownToken({}), (error) => {
    assert.equal(error.name, 'WWWAuthenticateChallengeError');
    assert.equal(error.cause[0].scheme, 'basic');
    return true;
  });
  const post = new Client('rsa', oauth.ClientSecretPost('wrong'));
  await assert.rejects(post.ownToken({}), refusal('invalid_client'));
});

// ---- the other endpoints ----

test('a token may be narrowed by a refresh, but not widened', async () => {
  const client = clients.app();
  const tokens = await client.login({ scope: 'openid email offline_access' });
  const narrow = await client.refresh(tokens.refresh_token, { scope: 'openid' });
  assert.equal(narrow.scope, 'openid');
  assert.equal(narrow.claims.email, undefined);
  assert.equal((await client.userinfo(tokens)).email, 'octocat@example.com');
  assert.equal((await client.userinfo(narrow, tokens.claims.sub)).email, undefined);
  await assert.rejects(client.refresh(narrow.refresh_token, { scope: 'openid write' }), refusal('invalid_scope'));
});

test('tokens are introspected and revoked', async () => {
  const client = clients.app();
  const tokens = await client.login({ scope: 'openid offline_access' });
  for (const token of [tokens.access_token, tokens.refresh_token]) {
    const about = await client.introspect(token);
    assert.equal(about.active, true);
    assert.equal(about.sub, tokens.claims.sub);
    assert.equal(about.client_id, 'app');
    assert.equal(about.iss, hub.issuer);
    assert.ok(about.exp > Date.now() / 1000);
  }
  assert.deepEqual(await clients.rsa().introspect(tokens.access_token), { active: false });
  await client.revoke(tokens.access_token);
  assert.deepEqual(await client.introspect(tokens.access_token), { active: false });
});

test('a JWT access token is what RFC 9068 says', async () => {
  const client = clients.jwt();
  const person = await client.login({ resource: API });
  const own = await client.ownToken({ scope: 'read', resource: API });
  for (const [tokens, subject] of [[person, person.claims.sub], [own, 'jwt']]) {
    const request = new Request(API, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    const claims = await oauth.validateJwtAccessToken(server, request, API, options);
    assert.equal(claims.sub, subject);
    assert.equal(claims.client_id, 'jwt');
  }
  assert.equal((await client.userinfo(person)).sub, person.claims.sub);
});

test('a JWT access token is no ID token, and an ID token no access token', async () => {
  const client = clients.jwt();
  const tokens = await client.login();
  const request = new Request(API, { headers: { authorization: `Bearer ${tokens.id_token}` } });
  await assert.rejects(oauth.validateJwtAccessToken(server, request, 'jwt', options));
  await assert.rejects(client.userinfo({ access_token: tokens.id_token }, oauth.skipSubjectCheck), {
    name: 'WWWAuthenticateChallengeError',
  });
  await assert.rejects(client.authorize({ prompt: 'none', id_token_hint: tokens.access_token }), {
    error: 'invalid_request',
  });
});
