import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InvalidSettings } from '#schemas/problems.ts';
import { customAdapter } from './adapter.ts';
import { type Json, loadDefinition } from './fixtures.ts';

const names = readdirSync(new URL('./vectors/definitions/', import.meta.url))
  .map((file) => file.replace('.json', ''))
  .filter((name) => loadDefinition(name).samples !== undefined);

function sample(definition: Json, change: { name?: string; sequence?: number } = {}) {
  return customAdapter.sample({
    name: 'default',
    settings: { definition },
    secret: 'c2VjcmV0LXNlY3JldC1zZWNyZXQ=',
    url: 'https://hooks.example.com/webhooks/custom/c1',
    nowMs: 1_700_000_000_123,
    sequence: 1,
    ...change,
  });
}

describe('samples', () => {
  it.each(names)('%s: verified, and every item an event of its own', (name) => {
    const definition = loadDefinition(name);
    const bound = customAdapter.bind({ definition });
    const requests = [1, 2].map((sequence) => sample(definition, { sequence }));
    const drafts = requests.flatMap((request) => {
      expect(bound.verify(request, ['c2VjcmV0LXNlY3JldC1zZWNyZXQ=']).verified).toBe(true);
      expect(bound.verify(request, ['b3RoZXItc2VjcmV0'])).toMatchObject({ verified: false });
      const { drafts, skipped } = bound.webhook(request);
      expect(skipped).toStrictEqual([]);
      return drafts;
    });
    expect(drafts).toHaveLength(2);
    expect(new Set(drafts.map(({ dedupeKey }) => dedupeKey)).size).toBe(2);
  });

  it.each<[string, Json, string, string]>([
    ['none declared', { samples: [] }, 'default', 'has no samples'],
    ['another name', {}, 'other', 'no sample of that name, only user-created'],
  ])('%s', (_name, change, name, words) => {
    const definition = { ...loadDefinition('standard-webhooks'), ...change };
    expect(() => sample(definition, { name })).toThrow(words);
  });

  it.each(['ed25519', 'jwt-rs256', 'body-signature'])('%s cannot be signed here', (name) => {
    const samples = [{ name: 'one', body: '{}' }];
    expect(() => sample({ ...loadDefinition(name), samples })).toThrow(InvalidSettings);
  });
});
