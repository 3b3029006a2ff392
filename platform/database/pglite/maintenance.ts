import type { PGlite } from '@electric-sql/pglite';

/**
 * Tables with more dead rows than autovacuum's default thresholds allow. PGlite runs Postgres in
 * single-user mode, which has no autovacuum and no automatic checkpoints.
 */
const NEEDS_VACUUM = `
  SELECT format('%I.%I', schemaname, relname) AS name
  FROM pg_stat_user_tables
  WHERE n_dead_tup > 50 + 0.2 * n_live_tup`;

/** Does what Postgres' background processes would do: vacuums where due, then checkpoints. */
export async function maintain(engine: PGlite): Promise<void> {
  // Counts of dead rows are otherwise up to a second old, which is much in a burst of writes.
  await engine.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await engine.query<{ name: string }>(NEEDS_VACUUM);
  for (const { name } of rows) await engine.exec(`VACUUM (ANALYZE) ${name}`);
  await engine.exec('CHECKPOINT');
}
