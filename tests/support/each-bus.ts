// The two pairs of bus and database that the product runs on: the in-process bus with PGlite, and
// Google's Pub/Sub emulator with PostgreSQL. Real: both drivers of each, and what is behind them.
import { afterAll, beforeAll, describe } from 'vitest';
import type { Bus } from '#platform/bus/bus.ts';
import { emulatedBus } from '#platform/bus/pubsub/testing/emulated-bus.ts';
import {
  PUBSUB_EMULATOR,
  type PubSubEmulator,
  startPubSubEmulator,
} from '#platform/bus/pubsub/testing/emulator.ts';
import type { Database } from '#platform/database/database.ts';
import { openPostgres } from '#platform/database/postgres/postgres.ts';
import { describeOnPostgres } from '#platform/database/postgres/testing/suite.ts';
import { openTestDatabase } from '#platform/database/testing.ts';
import { describeWith } from '#platform/testing/describe-with.ts';
import { temporaryBus } from './embedded-drivers.ts';

export interface Pair {
  readonly bus: Bus;
  readonly database: Database;
  /** Whether transactions run at the same time; PGlite's take turns. */
  readonly parallel: boolean;
}

/** Opens an empty bus and a migrated database; `stack` closes and removes them. */
export type OpenPair = (stack: AsyncDisposableStack) => Promise<Pair>;

/** Declares a suite for both pairs; that of Google Cloud is skipped where a part is missing. */
export function describeOnEachBus(name: string, declare: (open: OpenPair) => void): void {
  describe(`${name}, embedded`, () =>
    declare(async (stack) => ({
      database: stack.adopt(await openTestDatabase(), (one) => one.close()).db,
      bus: await temporaryBus(stack),
      parallel: false,
    })));
  describeWith(PUBSUB_EMULATOR, (jarPath) => {
    describeOnPostgres(`${name}, on Pub/Sub and PostgreSQL`, {}, (server) => {
      let emulator: PubSubEmulator;
      beforeAll(async () => {
        emulator = await startPubSubEmulator(jarPath);
      }, 60_000);
      afterAll(() => emulator.stop());
      declare(async (stack) => {
        const connection = await server().createDatabase({ migrated: true });
        const database = openPostgres({ connection, poolSize: 20 });
        stack.defer(() => database.close());
        const { bus, dispose } = await emulatedBus(emulator.host);
        stack.defer(dispose);
        return { bus, database, parallel: true };
      });
    });
  });
}
