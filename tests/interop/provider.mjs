// A real OpenID provider (oidc-provider) for Cardea to be a client of, and what a person does on its pages.

import { once } from 'node:events';
import http from 'node:http';
import * as jose from 'jose';
import Provider from 'oidc-provider';
import { readForm } from './hub.mjs';

export const CLIENT_SECRET = 'the secret that the provider has given to the hub';

async function makeKeys() {
  const keys = [];
  for (const alg of ['RS256', 'ES256', 'EdDSA']) {
    const { privateKey } = await jose.generateKeyPair(alg, { extractable: true });
    const jwk = await jose.exportJWK(privateKey);
    keys.push({ ...jwk, alg, use: 'sig', kid: await jose.calculateJwkThumbprint(jwk) });
  }
  return keys;
}

function claims(login) {
  return {
    sub: `company-${login}`,
    name: login[0].toUpperCase() + login.slice(1),
    preferred_username: login,
    email: `${login}@company.test`,
    email_verified: true,
    groups: ['staff', 'chess club'],
  };
}

class Company {
  // Everything that was asked of it: {method, path, headers, form}; the path is that below the issuer.
  requests = [];

  async start(path) {
    this.path = path;
    this.server = http.createServer((request, response) => this.serve(request, response));
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.issuer = `http://127.0.0.1:${this.server.address().port}${path}`;
  }

  async serve(request, response) {
    // How a provider is mounted below a path.
    request.originalUrl = request.url;
    request.url = request.url.slice(this.path.length);
    const { pathname: path } = new URL(request.url, this.issuer);
    const { method, headers } = request;
    this.requests.push({ method, path, headers, url: request.url });
    if (path === '/token') {
      // The provider takes a body that was read already.
      const chunks = await request.toArray();
      request.body = Buffer.concat(chunks).toString();
      this.requests.at(-1).form = Object.fromEntries(new URLSearchParams(request.body));
    }
    this.handle(request, response);
  }

  // What Cardea is at this provider. Called again with other keys, it is a rotation; codes and sessions live on.
  async configure(clients) {
    this.clients = clients ?? this.clients;
    const provider = new Provider(this.issuer, {
      jwks: { keys: await makeKeys() },
      clients: this.clients,
      cookies: { keys: ['a key for the cookies of a test'] },
      pkce: { required: () => true },
      claims: {
        openid: ['sub'],
        profile: ['name', 'preferred_username'],
        email: ['email', 'email_verified'],
        groups: ['groups'],
      },
      features: { rpInitiatedLogout: { enabled: true } },
      enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
      findAccount: (_, id) => ({ accountId: id, claims: () => claims(id) }),
      ttl: { Interaction: 600, Session: 3600, Grant: 3600, AccessToken: 600, AuthorizationCode: 60, IdToken: 600 },
    });
    this.handle = provider.callback();
  }

  asked(path) {
    return this.requests.filter((request) => request.path === path);
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

// `path`: of its issuer.
export async function startCompany(path = '') {
  const company = new Company();
  await company.start(path);
  return company;
}

// For visit(): logs in as somebody and agrees, or cancels; and sends on what comes as a form that sends itself: an
// answer, or the farewell of whoever was logged in before.
export function person(login, { cancels = false } = {}) {
  return async (browser, url, page) => {
    const abort = page.match(/href="([^"]*\/abort)"/);
    if (!abort && !page.includes('document.forms[0].submit()')) return undefined;
    if (cancels) return browser.get(new URL(abort[1], url).href);
    const { action, fields } = readForm(page, url);
    const known = page.includes('name="login"') ? { login, password: 'x' } : {};
    return browser.post(action, { ...fields, ...known });
  };
}
