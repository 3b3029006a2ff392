// Circuits that processes share. Real: Postgres, embedded and as a server. Time passes by moving rows back.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import {
  CredentialsRefused,
  DatabaseUnavailable,
  ProviderRefused,
  ProviderUnavailable,
} from '#schemas/problems.ts';
import { CircuitOpen, Circuits, outcomeOf } from './circuits.ts';
import { letPass, loggedCodes, storeConnection } from './health.test-support.ts';
import { throughCircuit } from './through-circuit.ts';

describeOnEachDatabase('circuits', (open) => {
  let opened: TestDatabase;
  let database: Database;
  /** As two processes have them. */
  let circuits: Circuits;
  let others: Circuits;
  beforeAll(async () => {
    opened = await open();
    database = opened.db;
    const onError = (message: string) => expect.unreachable(message);
    circuits = new Circuits({ database, onError });
    others = new Circuits({ database, onError });
  });
  afterAll(() => opened.close());

  async function opens(id: string): Promise<void> {
    await storeConnection(database, id);
    for (let count = 0; count < 5; count += 1) await circuits.report(id, 'failed');
  }

  it('passes calls of connections without a row, and of none', async () => {
    await storeConnection(database, 'con_new');
    await expect(circuits.beforeCall('con_new')).resolves.toBeUndefined();
    await expect(circuits.beforeCall('con_none')).resolves.toBeUndefined();
    await circuits.report('con_none', 'failed');
    expect(await database.query('SELECT 1 FROM connection_health')).toEqual([]);
  });

  it('opens after five failures in a row, told by any process', async () => {
    await storeConnection(database, 'con_open');
    for (const teller of [circuits, others, circuits, others]) {
      await teller.report('con_open', 'failed');
    }
    await expect(circuits.beforeCall('con_open')).resolves.toBeUndefined();
    await others.report('con_open', 'failed');
    const refusal = await circuits.beforeCall('con_open').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ProviderUnavailable);
    expect(refusal).toMatchObject({ code: 'provider_unavailable' });
    const { retryAfterSeconds } = refusal as ProviderUnavailable;
    expect(retryAfterSeconds).toBeGreaterThan(20);
    expect(retryAfterSeconds).toBeLessThanOrEqual(36);
    expect(await loggedCodes(database, 'con_open')).toEqual(['circuit_opened']);
  });

  it('counts only failures in a row', async () => {
    await storeConnection(database, 'con_row');
    for (const outcome of ['failed', 'failed', 'failed', 'failed', 'ok', 'failed'] as const) {
      await circuits.report('con_row', outcome);
    }
    expect(await circuits.mayCall('con_row')).toEqual({ allowed: true });
  });

  it('lets one of many through after the wait, and closes when it is answered', async () => {
    await opens('con_half');
    expect((await circuits.mayCall('con_half')).allowed).toBe(false);
    await letPass(database, 'con_half', 36);
    const asked = Array.from({ length: 12 }, (_, index) =>
      (index % 2 === 0 ? circuits : others).mayCall('con_half'),
    );
    expect((await Promise.all(asked)).filter(({ allowed }) => allowed)).toHaveLength(1);
    await circuits.report('con_half', 'ok');
    expect(await others.mayCall('con_half')).toEqual({ allowed: true });
    expect(await loggedCodes(database, 'con_half')).toEqual(['circuit_opened', 'circuit_closed']);
  });

  it('waits longer when the one fails too', async () => {
    await opens('con_again');
    await letPass(database, 'con_again', 36);
    await circuits.mayCall('con_again');
    await circuits.report('con_again', 'failed');
    await letPass(database, 'con_again', 30);
    expect((await circuits.mayCall('con_again')).allowed).toBe(false);
    await letPass(database, 'con_again', 43);
    expect((await circuits.mayCall('con_again')).allowed).toBe(true);
  });

  it('lets another through when the one is lost', async () => {
    await opens('con_lost');
    await letPass(database, 'con_lost', 36);
    expect((await circuits.mayCall('con_lost')).allowed).toBe(true);
    expect((await others.mayCall('con_lost')).allowed).toBe(false);
    await letPass(database, 'con_lost', 60);
    expect((await others.mayCall('con_lost')).allowed).toBe(true);
  });

  it('is not told by who was kept out', async () => {
    await opens('con_kept');
    await letPass(database, 'con_kept', 36);
    await circuits.mayCall('con_kept');
    const refusal = await others.beforeCall('con_kept').catch((error: unknown) => error);
    await others.onCall('con_kept', refusal);
    await circuits.onCall('con_kept');
    expect(await others.mayCall('con_kept')).toEqual({ allowed: true });
  });

  it('keeps those out who call through it, once nobody answered them', async () => {
    await storeConnection(database, 'con_call');
    let calls = 0;
    let failure: Error | undefined = new ProviderUnavailable('no answer');
    const call = throughCircuit(circuits, 'con_call', async () => {
      calls += 1;
      if (failure) throw failure;
      return { status: 200, headers: {}, text: '' };
    });
    const made = () => call({ path: '/me' });
    for (let count = 0; count < 5; count += 1) await expect(made()).rejects.toBe(failure);
    await expect(made()).rejects.toBeInstanceOf(CircuitOpen);
    expect(calls).toBe(5);
    await letPass(database, 'con_call', 36);
    failure = undefined;
    await expect(made()).resolves.toMatchObject({ status: 200 });
    await expect(made()).resolves.toMatchObject({ status: 200 });
  });

  it('does not fail the call when what became of it cannot be noted', async () => {
    const told: string[] = [];
    const away: Database = {
      ...database,
      query: () => Promise.reject(new DatabaseUnavailable('away')),
    };
    const noting = new Circuits({ database: away, onError: (message) => told.push(message) });
    await noting.onCall('con_open', new ProviderUnavailable('away'));
    expect(told).toEqual(['What became of a call could not be noted.']);
  });
});

describe('the end of a call', () => {
  it.each([
    { name: 'an answer', error: undefined, tells: 'ok' },
    { name: 'no answer', error: new ProviderUnavailable('x'), tells: 'failed' },
    { name: 'refused credentials', error: new CredentialsRefused('x'), tells: 'ok' },
    { name: 'a refused request', error: new ProviderRefused('x'), tells: 'ok' },
    { name: 'a call that was not made', error: new CircuitOpen('x'), tells: undefined },
    { name: 'a fault of ours', error: new DatabaseUnavailable('x'), tells: undefined },
    { name: 'a bug', error: new TypeError('x'), tells: undefined },
  ])('$name tells $tells', ({ error, tells }) => {
    expect(outcomeOf(error)).toBe(tells);
  });
});
