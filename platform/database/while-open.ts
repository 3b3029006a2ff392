import { InternalError } from '#schemas/problems.ts';
import type { ScriptRunner } from './migrate.ts';

/** What a transaction's body works with: `runner`, which refuses everything once the body has ended. */
export function whileOpen(state: { readonly open: boolean }, runner: ScriptRunner): ScriptRunner {
  const refuseEnded = () => {
    if (state.open) return;
    throw new InternalError(
      'The transaction has ended. Await every statement inside its body, and use it nowhere else.',
    );
  };
  return {
    async query<Row extends object>(sql: string, values?: readonly unknown[]) {
      refuseEnded();
      return runner.query<Row>(sql, values);
    },
    async script(sql) {
      refuseEnded();
      await runner.script(sql);
    },
  };
}
