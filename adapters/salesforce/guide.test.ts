import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { salesforceAdapter } from './adapter.ts';
import { recordId } from './record-id.ts';
import { settingsSchema } from './settings.ts';

// Real: docs/providers/salesforce.md, whose tables and example must be those of the code.

const guide = readFileSync(new URL('../../docs/providers/salesforce.md', import.meta.url), 'utf8');
const settings = settingsSchema.parse({ organization_id: '00D5g000004ABCDEA4' });

describe('the guide', () => {
  it.each(salesforceAdapter.skipReasons)('explains the reason %s', (reason) => {
    expect(guide).toContain(`| \`${reason}\` |`);
  });

  it.each(Object.keys(settings))('explains the setting %s', (setting) => {
    expect(guide).toContain(`| \`${setting}\` |`);
  });

  it.each(salesforceAdapter.samples)('names the sample %s', (sample) => {
    expect(guide).toContain(sample);
  });

  it('has an example of a callout that works', () => {
    const example = /```json\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';
    const { drafts, skipped } = salesforceAdapter.bind(settings).webhook({
      method: 'POST',
      url: 'https://hooks.example.com/webhooks/salesforce/con_1',
      headers: { 'content-type': 'application/json', 'x-tributary-signature': '-' },
      body: Buffer.from(example),
      receivedAtMs: 0,
    });
    expect(skipped).toEqual([]);
    expect(drafts).toMatchObject([{ eventType: 'opportunity.observed' }]);
    expect(recordId(drafts[0]?.actor)).toBe(drafts[0]?.actor);
  });
});
