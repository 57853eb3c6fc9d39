// Cardea behind Cardea: a department's hub whose provider is the company's, by way of the built-in `oidc` plugin.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as client from 'openid-client';
import { app, Browser, CALLBACK, freePort, SECRET, startHub, visit } from './hub.mjs';

const port = await freePort();
// Another host than the company's: cookies know no ports.
const department = `http://localhost:${port}/department`;

const company = await startHub({
  clients: {
    department: app({ redirect_uris: [`${department}/callback/company`], consent: 'explicit' }),
    byform: app({ redirect_uris: [`${department}/callback/byform`], id_token_signed_response_alg: 'EdDSA' }),
  },
});

function entry(over) {
  return {
    plugin: 'oidc',
    issuer: company.issuer,
    client_secret: SECRET,
    scopes: ['openid', 'profile', 'email'],
    id_token_algs: ['ES256'],
    ...over,
  };
}

const hub = await startHub(
  {
    issuer: department,
    providers: {
      company: entry({ client_id: 'department' }),
      byform: entry({ client_id: 'byform', response_mode: 'form_post', id_token_algs: ['EdDSA'] }),
    },
  },
  { simulate: [], port, issuerPath: '/department' },
);

test.after(async () => {
  await hub.stop();
  await company.stop();
});

async function login(idp_hint, choices = {}) {
  const config = await client.discovery(
    new URL(department),
    'app',
    { id_token_signed_response_alg: 'ES256' },
    client.ClientSecretBasic(SECRET),
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  );
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: 'openid profile email',
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    idp_hint,
  });
  const browser = new Browser();
  const answer = await visit(url, { browser, ...choices });
  const checks = { expectedState: state, pkceCodeVerifier: verifier, idTokenExpected: true };
  const tokens = await client.authorizationCodeGrant(config, answer, checks);
  return { claims: tokens.claims(), browser };
}

for (const provider of ['company', 'byform']) {
  test(`a person passes through both by way of ${provider}`, async () => {
    const { claims, browser } = await login(provider);
    const there = JSON.parse((await browser.get(company.url('/session'))).page);
    assert.equal(claims.iss, department);
    assert.equal(claims.idp, provider);
    assert.equal(claims.idp_sub, there.sub, 'the subject here is the account there');
    assert.notEqual(claims.sub, there.sub);
    assert.equal(claims.name, 'The Octocat');
    assert.equal(claims.email, 'octocat@example.com');
  });
}

test('a no in any of the places is an access_denied for the app', async () => {
  await assert.rejects(login('company', { simulated: 'denied' }), { error: 'access_denied' });
  await assert.rejects(login('company', { decision: 'deny' }), { error: 'access_denied' });
});
