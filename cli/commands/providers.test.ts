import { describe, expect, it, vi } from 'vitest';
import { adaptersByProvider } from '#adapters/registry.ts';
import { CommandFailed } from '../exit.ts';
import { providers, providerText } from './providers.ts';

function shown(name: string | undefined, options: { json?: boolean } = {}): string {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    providers(name, options);
    return write.mock.calls.map(([text]) => text).join('');
  } finally {
    write.mockRestore();
  }
}

const lines = (text: string) => text.split('\n').map((line) => line.split(/\s{2,}/));

describe('tributary providers', () => {
  it('lists all there are', () => {
    const rows = lines(shown(undefined));
    expect(rows.map(([provider]) => provider).slice(1, -1)).toEqual([
      ...adaptersByProvider().keys(),
    ]);
    expect(rows).toContainEqual([
      'zenoti',
      'Zenoti',
      'provider',
      'api_key',
      'docs/providers/zenoti.md',
    ]);
  });

  it('shows what one asks for', () => {
    const rows = lines(shown('custom'));
    expect(rows).toContainEqual(['definition', 'required', 'Definition']);
    expect(rows).toContainEqual(['api.key_prefix', '"Bearer "', 'Prefix of the key']);
    expect(rows).toContainEqual(['api_key', 'api_key', 'required', 'API key (secret)']);
    const zoho = lines(shown('zoho'));
    expect(zoho).toContainEqual(['channels[].channel_id', 'required', 'Channel ID']);
    expect(shown('zoho')).toContain('Data center: us, eu, in');
    expect(shown('hubspot')).toContain('nothing: the provider asks for the account');
  });

  it.each([...adaptersByProvider()])('names every setting of %s', (_name, adapter) => {
    for (const name of Object.keys(adapter.settingsSchema.safeParse({}).data ?? {})) {
      expect(providerText(adapter)).toContain(`\n${name} `);
    }
  });

  it('prints JSON', () => {
    expect(JSON.parse(shown(undefined, { json: true })).providers).toHaveLength(
      adaptersByProvider().size,
    );
    const zoho = JSON.parse(shown('zoho', { json: true }));
    expect(zoho.settings.fields[0]).toMatchObject({ name: 'require_path_secret', default: true });
  });

  it('knows no other', () => {
    expect(() => shown('acme')).toThrow(CommandFailed);
  });
});
