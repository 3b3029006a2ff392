import type { ScriptRunner } from '../migrate.ts';
import { whileOpen } from '../while-open.ts';
import { commitUnknown, hiddenFailure } from './errors.ts';
import type { Session } from './session.ts';

/**
 * What a transaction's body works with, while `state` says that it is open.
 *
 * @param timeoutMs for each statement; default the pool's
 */
export function transactionOf(
  session: Session,
  state: { readonly open: boolean },
  timeoutMs?: number,
): ScriptRunner {
  return whileOpen(state, {
    query: (sql, values = []) => rowsOf(session, sql, values, timeoutMs),
    script: async (sql) => {
      await session.run({ text: sql, timeoutMs });
    },
  });
}

/** The rows of one statement. */
export async function rowsOf<Row extends object>(
  session: Session,
  text: string,
  values: readonly unknown[],
  timeoutMs?: number,
): Promise<Row[]> {
  return (await session.run({ text, values, timeoutMs })).rows as Row[];
}

/** @throws DatabaseUnavailable, saying so, when the outcome is not known */
export async function commit(session: Session): Promise<void> {
  try {
    // Postgres answers a COMMIT after a failed statement with ROLLBACK and no error.
    if ((await session.run({ text: 'COMMIT' })).command === 'COMMIT') return;
  } catch (error) {
    throw session.broken ? commitUnknown(error) : error;
  }
  throw hiddenFailure();
}
