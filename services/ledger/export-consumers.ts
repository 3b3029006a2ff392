import type { Database } from '#platform/database/database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { CONSUMERS } from '#schemas/tables.ts';
import { type RegisteredConsumer, registeredConsumers } from './registered-consumers.ts';

/** Writes consumers that are new, changed or gone since the last time. @returns how many */
export async function exportConsumers(database: Database, warehouse: Warehouse): Promise<number> {
  const registered = await registeredConsumers(database);
  const exported = await database.query<RegisteredConsumer>(
    'SELECT name, topic, since FROM ledger_exported_consumers',
  );
  const known = new Map(exported.map((one) => [one.name, one]));
  const changed = registered.filter((one) => !isSame(one, known.get(one.name)));
  const names = new Set(registered.map(({ name }) => name));
  const gone = exported.filter(({ name }) => !names.has(name));
  if (changed.length + gone.length === 0) return 0;
  const recordedAt = new Date().toISOString();
  const toRow = ({ name, topic, since }: RegisteredConsumer, active: boolean) => ({
    consumer: name,
    topic,
    subscribed_at: since.toISOString(),
    active,
    recorded_at: recordedAt,
  });
  await warehouse.append(CONSUMERS.name, [
    ...changed.map((one) => toRow(one, true)),
    ...gone.map((one) => toRow(one, false)),
  ]);
  await database.transaction(async (tx) => {
    for (const { name, topic, since } of changed) {
      await tx.query(
        `INSERT INTO ledger_exported_consumers (name, topic, since) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET topic = EXCLUDED.topic, since = EXCLUDED.since`,
        [name, topic, since],
      );
    }
    await tx.query('DELETE FROM ledger_exported_consumers WHERE name = ANY($1::text[])', [
      gone.map(({ name }) => name),
    ]);
  });
  return changed.length + gone.length;
}

function isSame(one: RegisteredConsumer, other: RegisteredConsumer | undefined): boolean {
  return one.topic === other?.topic && one.since.getTime() === other.since.getTime();
}
