import { afterAll, beforeAll, describe } from 'vitest';
import { describeWith } from '#platform/testing/describe-with.ts';
import {
  POSTGRES,
  type PostgresServer,
  type PostgresServerOptions,
  startPostgres,
} from './server.ts';

/**
 * Declares a suite that has a PostgreSQL server to itself.
 *
 * @param declare gets the server, to be asked for inside tests and hooks only
 */
export function describeOnPostgres(
  name: string,
  options: PostgresServerOptions,
  declare: (server: () => PostgresServer) => void,
): void {
  describeWith(POSTGRES, (binDir) => {
    describe(name, () => {
      let started: PostgresServer | undefined;
      beforeAll(async () => {
        started = await startPostgres(binDir, options);
      });
      afterAll(() => started?.stop());
      declare(() => {
        if (!started) throw new Error('The server is not started yet.');
        return started;
      });
    });
  });
}
