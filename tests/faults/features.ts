import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JOBS } from '#services/tasks/jobs.ts';

/** Parts of the product that heal what others cannot. */
export type Feature = 'reconcile' | 'spool';

const MIGRATIONS = join(import.meta.dirname, '..', '..', 'sql', 'postgres');

/** Which of them this build has. */
export function findFeatures(): ReadonlySet<Feature> {
  const features = new Set<Feature>();
  if (JOBS.some(({ task }) => task === 'reconcile')) features.add('reconcile');
  const migrations = readdirSync(MIGRATIONS).map((name) =>
    readFileSync(join(MIGRATIONS, name), 'utf8'),
  );
  if (migrations.some((text) => text.includes('spooled_events'))) features.add('spool');
  return features;
}
