import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { customAdapter } from './adapter.ts';
import { SKIP_REASONS } from './definition.ts';
import { definitionSchema } from './definition-schema.ts';
import type { Json } from './fixtures.ts';
import shop from './sandbox/shop.json' with { type: 'json' };

const guide = readFileSync(new URL('../../docs/providers/custom.md', import.meta.url), 'utf8');

/** The names of every field a definition may have. */
function fieldNames(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(fieldNames);
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties = {} } = schema as { properties?: object };
  return [...Object.keys(properties), ...Object.values(schema).flatMap(fieldNames)];
}

it('the guide names every field', () => {
  const prose = guide.replaceAll(/```[a-z]+\n[\s\S]*?```/g, '');
  const code = [...prose.matchAll(/`([^`]+)`/g)].map(([, text]) => text ?? '');
  const words = new Set(code.flatMap((text) => text.split(/[^A-Za-z]+/)));
  expect(fieldNames(definitionSchema).filter((name) => !words.has(name))).toStrictEqual([]);
});

it('the guide explains every reason of a skipped item, in order', () => {
  const listed = [...guide.matchAll(/^\| `([a-z_]+)` \| /gm)].map(([, word]) => word ?? '');
  const reasons: readonly string[] = SKIP_REASONS;
  expect(listed.filter((word) => reasons.includes(word))).toStrictEqual(reasons);
});

it('the handshakes and fields of the guide are accepted', () => {
  const [, challenge, fields] = [...guide.matchAll(/```json\n([\s\S]*?)\n```/g)].map(([, text]) =>
    JSON.parse(text ?? ''),
  );
  const extract = { ...shop.extract, fields };
  expect(challenge).toHaveLength(4);
  expect(fields).toHaveLength(3);
  customAdapter.bind({ definition: { ...shop, challenge, extract } });
});

it('the definition of the guide is the one of the sandbox, and does what the guide says', () => {
  const written = /```json\n([\s\S]*?)\n```/.exec(guide)?.[1] ?? '';
  const settings = { definition: JSON.parse(written) as Json };
  expect(settings.definition).toStrictEqual(shop);
  const bound = customAdapter.bind(settings);
  const request = customAdapter.sample({
    name: 'default',
    settings,
    secret: 'secret',
    url: 'https://hooks.example.com/webhooks/custom/c1',
    nowMs: 1_700_000_000_000,
    sequence: 1,
  });
  expect(bound.verify(request, ['secret']).verified).toBe(true);
  expect(bound.webhook(request)).toMatchObject({
    drafts: [
      {
        eventType: 'order.paid',
        entityType: 'order',
        entityId: 'o-1',
        occurredAtMs: 1_700_000_000_000,
        actor: 'clerk-7',
        payload: { order: { total: '19.90' } },
      },
    ],
    skipped: [],
  });
});
