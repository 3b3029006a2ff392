import { expect, it } from 'vitest';
import type { SecretState, SecretVersion } from '#platform/secrets/secrets.ts';
import { SecretNotFound } from '#schemas/problems.ts';
import { settledVersion } from './webhook-secret.ts';

const NOW = 1_000_000_000;
const version = (
  number: number,
  ageSeconds: number,
  state: SecretState = 'enabled',
): SecretVersion => ({ version: number, state, createdAtMs: NOW - ageSeconds * 1_000 });
const of = (versions: SecretVersion[]) =>
  settledVersion({ versions: async () => versions }, 'ref', NOW);

it.each([
  ['the only one, however new', [version(1, 0)], 1],
  ['the newest', [version(2, 500), version(1, 900)], 2],
  [
    'the one before, while the newest is not known everywhere',
    [version(2, 119), version(1, 900)],
    1,
  ],
  ['the newest after two minutes', [version(2, 120), version(1, 900)], 2],
  ['the oldest where all are new', [version(3, 1), version(2, 5), version(1, 9)], 1],
  ['none that is disabled', [version(2, 500, 'disabled'), version(1, 900)], 1],
  ['the new one where the old one is gone', [version(2, 1), version(1, 900, 'destroyed')], 2],
])('takes %s', async (_name, versions, expected) => {
  expect(await of(versions)).toBe(expected);
});

it('refuses a secret without a version that can be read', async () => {
  await expect(of([version(1, 900, 'destroyed')])).rejects.toThrow(SecretNotFound);
});
