// Real: the API of every adapter, HTTP on loopback, the APIs of the sandboxes with the error bodies that
// are documented. Doubled: the client, by a plain one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Adapter } from '#adapters/kit/adapter.ts';
import type { Credential, CredentialKind } from '#adapters/kit/provider-api.ts';
import type { ApiFault } from '#adapters/kit/sandbox/api.ts';
import type { Sandbox } from '#adapters/kit/sandbox/contract.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { InvalidRequest, InvalidSettings, type ProviderUnavailable } from '#schemas/problems.ts';
import { type SendHttp, testCredential } from '#services/connections/test-credential.ts';
import { sendHttp } from '../support/send-http.ts';

const GOOD = 'good-token-7f3a';
const EXPIRED = 'expired-token-9c1d';
const WRONG = 'wrong-token-2b8e';

interface Case {
  readonly kind: CredentialKind;
  readonly account: { readonly id: string | null; readonly name: string | null };
  /** What the connection is set to, once the sandbox is known. */
  readonly settings?: (apiUrl: string) => Readonly<Record<string, unknown>>;
  readonly facts?: (apiUrl: string) => Readonly<Record<string, string>>;
  /** What problems say of a token that has expired, and of one nobody knows. */
  readonly expired: string;
  readonly unknown: string;
  readonly forbidden: string;
  /** How long an answer of too many calls asks to wait. */
  readonly waitSeconds: number | undefined;
}

const CASES: Readonly<Record<string, Case>> = {
  hubspot: {
    kind: 'oauth2',
    account: { id: '62515', name: null },
    settings: (api_base_url) => ({ api_base_url }),
    expired: 'it answered 401 (EXPIRED_AUTHENTICATION)',
    unknown: 'it answered 401 (INVALID_AUTHENTICATION)',
    forbidden: 'it answered 403 (MISSING_SCOPES)',
    waitSeconds: 10,
  },
  salesforce: {
    kind: 'jwt_bearer',
    account: { id: '00D5g000004ABCDEA4', name: '127.0.0.1' },
    facts: (instance_url) => ({ instance_url }),
    expired: 'it answered 403.',
    unknown: 'it answered 403.',
    forbidden: 'it answered 403 (API_DISABLED_FOR_ORG)',
    waitSeconds: 900,
  },
  zoho: {
    kind: 'oauth2',
    account: { id: '74822955', name: 'Acme d.o.o.' },
    facts: (api_domain) => ({ api_domain: `${api_domain}/` }),
    expired: 'it answered 401 (INVALID_TOKEN)',
    unknown: 'it answered 401 (INVALID_TOKEN)',
    forbidden: 'it answered 401 (OAUTH_SCOPE_MISMATCH)',
    waitSeconds: undefined,
  },
  zenoti: {
    kind: 'api_key',
    account: { id: null, name: 'Test Center' },
    settings: (api_base_url) => ({ api_base_url }),
    expired: 'it answered 401.',
    unknown: 'it answered 401.',
    forbidden: 'it answered 403.',
    waitSeconds: 17,
  },
  custom: {
    kind: 'api_key',
    account: { id: null, name: null },
    settings: (base_url) => ({
      api: { base_url, key_header: 'X-Shop-Key', key_prefix: 'key ', health_path: '/me?brief=1' },
    }),
    expired: 'it answered 401.',
    unknown: 'it answered 401.',
    forbidden: 'it answered 403.',
    waitSeconds: 30,
  },
};

const adapters = adaptersByProvider();

it('every adapter is in the table', () => {
  expect(Object.keys(CASES).toSorted()).toEqual([...adapters.keys()].toSorted());
});

describe.each(Object.entries(CASES))('the credential of a %s connection', (provider, one) => {
  const adapter = adapters.get(provider) as Adapter;
  let sandbox: Sandbox;
  let settings: unknown;
  let facts: Readonly<Record<string, string>>;

  beforeAll(async () => {
    const module = await adapter.sandbox?.();
    if (!module) throw new Error(`There is no sandbox of ${provider}.`);
    // The custom one has an API where its settings say so; its address is not known yet.
    const own = { ...module.settings, ...one.settings?.('http://127.0.0.1:1') };
    sandbox = await module.start({
      targetUrl: 'http://127.0.0.1:1/webhooks',
      secret: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
      settings: adapter.settingsSchema.parse(own),
    });
    settings = adapter.settingsSchema.parse({ ...own, ...one.settings?.(sandbox.apiUrl) });
    facts = one.facts?.(sandbox.apiUrl) ?? {};
    sandbox.api.tokens.replace([
      { token: GOOD },
      { token: EXPIRED, expiresAtMs: Date.now() - 12_000 },
    ]);
  });
  afterAll(() => sandbox.close());

  const credentialOf = (token: string): Credential => ({
    kind: one.kind,
    token,
    scopes: [],
    facts,
  });
  const test = (token: string, send: SendHttp = sendHttp) =>
    testCredential(adapter, settings, credentialOf(token), send);
  const failure = async (token = GOOD, send?: SendHttp) => {
    const error = await test(token, send).catch((thrown: unknown) => thrown);
    const { code, message, retryAfterSeconds, cause } = error as ProviderUnavailable;
    for (const secret of [GOOD, EXPIRED, WRONG]) {
      expect(`${message} ${cause}`).not.toContain(secret);
    }
    return { code, message, retryAfterSeconds };
  };

  it('that is good tells the account, by one call', async () => {
    const before = sandbox.api.calls.length;
    expect(await test(GOOD)).toEqual(one.account);
    expect(sandbox.api.calls.slice(before).map(({ status }) => status)).toEqual([200]);
  });

  it.each([
    ['has expired', EXPIRED, one.expired],
    ['nobody knows', WRONG, one.unknown],
  ])('that %s is refused', async (_name, token, answered) => {
    const { code, message } = await failure(token);
    expect(code).toBe('credentials_refused');
    expect(message).toContain(answered);
  });

  it.each(['', 'two words', 'line\nbreak', 'ümlaut'])(
    'that is "%s" is sent nowhere',
    async (token) => {
      const before = sandbox.api.calls.length;
      const { code, message } = await failure(token);
      expect(code).toBe('credentials_refused');
      if (token !== '') expect(message).not.toContain(token);
      expect(sandbox.api.calls.length).toBe(before);
    },
  );

  const html = provider === 'salesforce' ? 'provider_unavailable' : 'provider_refused';
  const anyBody = provider === 'custom';
  const faults: readonly [name: string, fault: ApiFault, code: string][] = [
    ['with a permission missing', 'forbidden', 'credentials_refused'],
    ['while there are too many calls', 'limited', 'provider_unavailable'],
    ['while the provider is away', 'unavailable', 'provider_unavailable'],
    // What a custom provider answers nobody knows: its status counts.
    ['answered by a page', 'html', anyBody ? 'none' : html],
    ['answered by half a document', 'garbage', anyBody ? 'none' : 'provider_refused'],
    ['answered by more than anybody reads', 'huge', 'provider_unavailable'],
  ];
  it.each(faults)('%s', async (_name, fault, expected) => {
    sandbox.api.fail(fault);
    if (expected === 'none') return expect(await test(GOOD)).toEqual(one.account);
    const { code, message, retryAfterSeconds } = await failure();
    expect(code).toBe(expected);
    if (fault === 'forbidden') expect(message).toContain(one.forbidden);
    if (fault === 'limited') expect(retryAfterSeconds).toBe(one.waitSeconds);
  });

  it('is not tested while nobody listens', async () => {
    const refuse: SendHttp = async () => {
      throw new TypeError(`fetch failed: authorization ${GOOD}`);
    };
    expect(await failure(GOOD, refuse)).toMatchObject({ code: 'provider_unavailable' });
  });

  it('of another kind is not tested', async () => {
    const other = { ...credentialOf(GOOD), kind: 'none' as CredentialKind };
    await expect(testCredential(adapter, settings, other, sendHttp)).rejects.toThrow(
      InvalidRequest,
    );
  });
});

it('without an address of the API there is nothing to test', async () => {
  const adapter = adapters.get('custom') as Adapter;
  const module = await adapter.sandbox?.();
  const settings = adapter.settingsSchema.parse(module?.settings);
  const credential: Credential = { kind: 'api_key', token: GOOD, scopes: [], facts: {} };
  await expect(testCredential(adapter, settings, credential, sendHttp)).rejects.toThrow(
    InvalidSettings,
  );
});
