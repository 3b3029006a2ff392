import { writeFile } from 'node:fs/promises';
import type { Evidence } from './installation/installation.ts';
import type { ProviderRecord } from './load/record.ts';

/**
 * Writes what became of each acknowledged event, a line each, those of an entity together and in the
 * order of acknowledgement: for whoever looks for the reason of a fault.
 */
export async function writeTrace(
  path: string,
  record: ProviderRecord,
  { outbox, published, effects }: Evidence,
): Promise<void> {
  const positions = new Map<string, number[]>();
  for (const [index, { eventId }] of effects.entries()) {
    positions.set(eventId, [...(positions.get(eventId) ?? []), index + 1]);
  }
  const lines = ['entity\tevent\tacknowledged\toutbox rows\tcarried\teffects'];
  for (const [entityId, ids] of record.byEntity) {
    for (const id of ids) {
      const acknowledgedAt = new Date(record.acknowledgedAtMs.get(id) ?? 0).toISOString();
      const carried = published
        ?.get(id)
        ?.map(({ publishedAt, carriedAgain }) => `${publishedAt} ${carriedAgain ?? 'first'}`);
      const effectsOf = positions.get(id)?.join(' ');
      const cells = [outbox.get(id) ?? 0, carried?.join(', ') ?? '-', effectsOf ?? 'none'];
      lines.push([entityId, id, acknowledgedAt, ...cells].join('\t'));
    }
  }
  await writeFile(path, `${lines.join('\n')}\n`);
}
