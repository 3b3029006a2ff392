import { describe, expect, it } from 'vitest';
import { adaptersByProvider } from '#adapters/registry.ts';
import { InvalidSettings } from '#schemas/problems.ts';
import { checkSettings } from './check-settings.ts';

const adapters = adaptersByProvider();
const definition = {
  verification: [{ scheme: 'none' }],
  extract: { eventType: '/type', map: [{ type: 'A', to: 'order.paid' }], entity: { id: '/id' } },
};

function check(provider: string, settings: Record<string, unknown>, allowLoopback = false) {
  const adapter = adapters.get(provider);
  if (!adapter) throw new Error(provider);
  return checkSettings(adapter, settings, { allowLoopback });
}

function faultsOf(run: () => unknown): string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    return error.faults.map(({ pointer }) => pointer);
  }
}

describe('checkSettings', () => {
  it('fills in the defaults', () => {
    expect(check('zoho', {})).toMatchObject({ require_path_secret: true, data_center: 'us' });
  });

  it.each([
    ['what is missing', 'salesforce', {}, ['/organization_id']],
    ['what is unknown', 'hubspot', { colour: 'red' }, ['']],
    [
      'all faults at once',
      'hubspot',
      { portal_id: -1, future_skew_seconds: 301 },
      ['/portal_id', '/future_skew_seconds'],
    ],
    ['an item of a list', 'zoho', { channels: [{ channel_id: 'x' }] }, ['/channels/0/channel_id']],
    ['what binding finds', 'custom', { definition: {} }, ['/definition', '/definition']],
    [
      'a private address',
      'custom',
      { definition, api: { base_url: 'https://10.0.0.1' } },
      ['/api/base_url'],
    ],
  ])('points to %s', (_name, provider, settings, pointers) => {
    expect(faultsOf(() => check(provider, settings, true))).toEqual(pointers);
  });

  it.each([
    ['hubspot', { api_base_url: 'http://127.0.0.1:9000' }, '/api_base_url'],
    ['zenoti', { api_base_url: 'http://[::1]:9000' }, '/api_base_url'],
    ['custom', { definition, api: { base_url: 'http://localhost:9000' } }, '/api/base_url'],
    [
      'salesforce',
      { organization_id: '00D5g000004ABCDEA4', login_url: 'http://127.0.0.1:9000' },
      '/login_url',
    ],
  ])(
    'lets %s be called on this machine only where that is allowed',
    (provider, settings, pointer) => {
      expect(faultsOf(() => check(provider, settings))).toEqual([pointer]);
      expect(check(provider, settings, true)).toMatchObject(settings);
    },
  );
});
