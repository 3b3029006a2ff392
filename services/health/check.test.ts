// A check by the API of an adapter. Doubled: the adapter's API and the way to its provider.
import { expect, it } from 'vitest';
import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import type { CallProvider, ProviderApi } from '#adapters/kit/provider-api.ts';
import { ProviderUnavailable } from '#schemas/problems.ts';
import { checkByApi, runCheck } from './check.ts';
import { CircuitOpen } from './circuits.ts';

const connection = {
  id: 'con_1',
  tenantId: 'acme',
  orgId: null,
  provider: 'acme-crm',
  settings: { region: 'eu' },
};
const call: CallProvider = async ({ path }) => ({ status: 200, headers: {}, text: path });

const api = {
  health: async (send: CallProvider, settings: { region: string }) => {
    const { text } = await send({ path: `/me/${settings.region}` });
    return { id: text, name: null };
  },
} as unknown as ProviderApi;

const adapter = (parts: Partial<Adapter>) =>
  ({ settingsSchema: z.object({ region: z.string() }), ...parts }) as unknown as Adapter;

const { signal } = new AbortController();
const LIMITS = { timeoutMs: 1_000, stop: signal };

it('calls the provider with the connection’s settings', async () => {
  const adapters = new Map([['acme-crm', adapter({ api })]]);
  const check = checkByApi({ adapters, callProvider: async () => call });
  expect(await check(connection, signal)).toEqual({ id: '/me/eu', name: null });
});

it.each([
  { name: 'an adapter without an API', adapters: new Map([['acme-crm', adapter({})]]) },
  { name: 'a provider that is not known', adapters: new Map<string, Adapter>() },
])('$name has nothing to check by', async ({ adapters }) => {
  const check = checkByApi({ adapters, callProvider: async () => call });
  expect(await check(connection, signal)).toBeUndefined();
});

it('a connection without credentials has nothing to check by', async () => {
  const adapters = new Map([['acme-crm', adapter({ api })]]);
  const check = checkByApi({ adapters, callProvider: async () => undefined });
  expect(await runCheck(check, connection, LIMITS)).toEqual({ outcome: 'not_checkable' });
});

it('settings that do not fit are a fault of the check', async () => {
  const adapters = new Map([['acme-crm', adapter({ api })]]);
  const check = checkByApi({ adapters, callProvider: async () => call });
  const result = await runCheck(check, { ...connection, settings: {} }, LIMITS);
  expect(result).toMatchObject({ outcome: 'failed', code: 'check_broken' });
});

it('a check that asks the circuit by mistake finds nothing out', async () => {
  const kept = () => Promise.reject(new CircuitOpen('Not now.'));
  expect(await runCheck(kept, connection, LIMITS)).toEqual({
    outcome: 'skipped',
    code: 'provider_unavailable',
    detail: 'Not now.',
  });
  const away = () => Promise.reject(new ProviderUnavailable('No answer.'));
  expect(await runCheck(away, connection, LIMITS)).toMatchObject({ outcome: 'failed' });
});
