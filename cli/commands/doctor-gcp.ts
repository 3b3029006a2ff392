import type { Config } from '#platform/config/config.ts';
import { Problem } from '#schemas/problem.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { openPlatform } from '#services/platform/platform.ts';
import { type Finding, finding } from '../finding.ts';

/**
 * Asks each capability of Google Cloud whether it can be used with these credentials. Messages name
 * the permission or the resource that is missing.
 */
export async function examineCapabilities(config: Config): Promise<Finding[]> {
  await using platform = await openPlatform(config, () => undefined);
  const { bus, database, secrets, warehouse } = platform;
  // Awaited here: the platform is closed when this function ends.
  return await Promise.all([
    examine('database', () => database.query('SELECT 1')),
    examine('bus', () => bus.check(EVENTS_TOPIC)),
    examine('warehouse', () => warehouse.check()),
    examine('secrets', () => secrets.check()),
  ]);
}

async function examine(check: string, ask: () => Promise<unknown>): Promise<Finding> {
  try {
    await ask();
    return finding(check, 'ok', 'answers');
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return finding(check, 'missing', `${error.message} [${error.code}]`, ADVICE[error.kind.next]);
  }
}

const ADVICE = {
  retry_later: 'Look whether it runs, and whether this machine reaches it.',
  ask_operator: 'Apply terraform/, or correct the configuration: see docs/deploy.md.',
  authenticate: 'Log in: gcloud auth application-default login',
  fix_request: 'Correct the configuration: see docs/operations.md.',
} as const;
