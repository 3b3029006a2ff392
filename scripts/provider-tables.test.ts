import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Adapter } from '#adapters/kit/adapter.ts';
import { FIELDS } from '#adapters/kit/field-meta.ts';
import { withTables } from './provider-tables.ts';

const region = z.enum(['us', 'eu']).default('us').describe('Where it is.');
const adapter = {
  settingsSchema: z.strictObject({
    id: z.string().describe('The account | its id, <15 characters>.'),
    region,
    versions: z
      .array(z.enum(['v1', 'v2']))
      .default(['v1'])
      .describe('Versions.'),
    tolerance: z.int().min(0).max(300).default(60).describe('In seconds.'),
    prefix: z.string().default('Bearer ').describe('Before it.'),
    api: z
      .strictObject({ base_url: z.url().describe('The base.'), path: z.string().optional() })
      .optional()
      .describe('The API.'),
    channels: z
      .array(z.object({ id: z.string().describe('Its id.') }))
      .max(9)
      .default([])
      .describe('Channels.'),
    stages: z
      .array(z.object({ name: z.string() }))
      .describe('Pasted.')
      .register(FIELDS, { label: 'Stages', widget: 'json' }),
  }),
  credentials: {
    oauth2: z.strictObject({}),
    api_key: z.strictObject({ key: z.string().describe('The key.'), region }),
  },
} as unknown as Adapter;

const MARKS =
  '<!-- settings -->\n<!-- /settings -->\n<!-- credentials -->\n<!-- /credentials -->\n';

describe('withTables', () => {
  it('writes what the schemas say', () => {
    expect(withTables(`before\n${MARKS}after\n`, adapter)).toBe(`before
<!-- settings -->

| setting | default | meaning |
|---|---|---|
| \`id\` | required | The account \\| its id, &lt;15 characters>. |
| \`region\` | \`us\` | Where it is. One of \`us\`, \`eu\`. |
| \`versions\` | \`["v1"]\` | Versions. Any of \`v1\`, \`v2\`. |
| \`tolerance\` | \`60\` | In seconds. 0 to 300. |
| \`prefix\` | \`"Bearer "\` | Before it. |
| \`api\` | none | The API. |
| \`api.base_url\` | required | The base. |
| \`api.path\` | none |  |
| \`channels\` | none | Channels. At most 9. |
| \`channels[].id\` | required | Its id. |
| \`stages\` | required | Pasted. |

<!-- /settings -->
<!-- credentials -->

| credential | asks for | meaning |
|---|---|---|
| \`oauth2\` | nothing | The provider asks for the account. |
| \`api_key\` | \`key\` | The key. |
| \`api_key\` | \`region\` | The setting above. |

<!-- /credentials -->
after
`);
  });

  it('writes over what it wrote', () => {
    const written = withTables(MARKS, adapter);
    expect(withTables(written.replace('Where it is.', 'Elsewhere.'), adapter)).toBe(written);
  });

  it.each(['<!-- settings -->', '<!-- /settings -->', '<!-- credentials -->'])(
    'asks for %s',
    (mark) => {
      expect(() => withTables(MARKS.replace(mark, ''), adapter)).toThrow('The guide lacks');
    },
  );
});
