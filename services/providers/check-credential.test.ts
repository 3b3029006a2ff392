import { describe, expect, it } from 'vitest';
import type { CredentialKind } from '#adapters/kit/provider-api.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import { checkCredential } from './check-credential.ts';

const adapters = adaptersByProvider();
const KEY = 'a-key-that-nobody-may-see';
const MY_DOMAIN = { login_url: 'https://acme.my.salesforce.com' };
const LOGIN = { login_url: 'https://login.salesforce.com' };
const ZENOTI = { api_base_url: 'https://api.zenoti.com' };
const CUSTOM = {
  api: {
    base_url: 'https://api.example.com',
    key_header: 'x-key',
    key_prefix: '',
    health_path: '/',
  },
};

function check(provider: string, kind: CredentialKind, given: object, settings: object = {}) {
  const adapter = adapters.get(provider);
  if (!adapter) throw new Error(provider);
  return checkCredential(adapter, kind, { ...given }, { ...settings });
}

describe('checkCredential', () => {
  it.each<[string, CredentialKind, object, object, object]>([
    ['zenoti', 'api_key', { api_key: ` ${KEY}\n` }, ZENOTI, { api_key: KEY }],
    ['zenoti', 'api_key', { api_key: KEY, ...ZENOTI }, ZENOTI, { api_key: KEY }],
    ['custom', 'api_key', { api_key: KEY }, CUSTOM, { api_key: KEY }],
    ['custom', 'api_key', { api_key: KEY, ...CUSTOM }, CUSTOM, { api_key: KEY }],
    ['hubspot', 'api_key', { api_key: KEY }, {}, { api_key: KEY }],
    ['hubspot', 'oauth2', {}, {}, {}],
    ['zoho', 'oauth2', {}, { data_center: 'eu' }, {}],
    [
      'salesforce',
      'jwt_bearer',
      { username: 'a@example.com' },
      MY_DOMAIN,
      { username: 'a@example.com' },
    ],
    ['salesforce', 'client_credentials', {}, MY_DOMAIN, {}],
  ])('%s %s takes %j', (provider, kind, given, settings, own) => {
    expect(check(provider, kind, given, settings)).toEqual(own);
  });

  it.each<[string, CredentialKind, object, object, string[]]>([
    ['zenoti', 'oauth2', {}, ZENOTI, []],
    ['zenoti', 'api_key', {}, ZENOTI, ['/api_key']],
    ['zenoti', 'api_key', { api_key: `${KEY}\r\nx: ${KEY}` }, ZENOTI, ['/api_key']],
    ['zenoti', 'api_key', { api_key: KEY, colour: KEY }, ZENOTI, ['']],
    [
      'zenoti',
      'api_key',
      { api_key: KEY, api_base_url: 'https://eu.zenoti.com' },
      ZENOTI,
      ['/api_base_url'],
    ],
    ['custom', 'api_key', { api_key: KEY }, {}, ['/api']],
    ['salesforce', 'client_credentials', {}, LOGIN, ['/login_url']],
    ['salesforce', 'jwt_bearer', {}, MY_DOMAIN, ['/username']],
  ])('%s %s refuses %j of %j', (provider, kind, given, settings, pointers) => {
    const refused = (() => {
      try {
        return check(provider, kind, given, settings);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(InvalidRequest);
    const { faults, message } = refused as InvalidRequest;
    expect(faults.map(({ pointer }) => pointer)).toEqual(pointers);
    expect(JSON.stringify([message, faults])).not.toContain(KEY);
  });
});
