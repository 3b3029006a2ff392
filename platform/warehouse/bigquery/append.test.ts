import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { status as Code } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '#platform/testing/server-process.ts';
import {
  InvalidRow,
  PermissionMissing,
  ResourceMissing,
  SchemaMismatch,
  WarehouseUnavailable,
} from '#schemas/problems.ts';
import type { Table } from '#schemas/tables.ts';
import type { Row, Warehouse } from '../warehouse.ts';
import type { TableField } from './schema-fault.ts';
import type { AppendAnswer } from './storage-client.ts';
import { type ReceivedAppend, STORED, StorageStub } from './testing/storage-stub.ts';
import { type BigQueryOptions, openBigQueryWarehouse } from './warehouse.ts';

// Real: the driver and Google's client. Doubled: BigQuery, by a server in this process that does what
// the emulator cannot. Asserted: what callers are told, and what reached the server.

const THINGS: Table = {
  name: 'things',
  description: '',
  partitionBy: 'at',
  clusterBy: [],
  columns: [
    { name: 'id', type: 'STRING', required: true, description: '' },
    { name: 'amount', type: 'NUMERIC', required: false, description: '' },
    { name: 'at', type: 'TIMESTAMP', required: false, description: '' },
  ],
};
const FIELDS: readonly TableField[] = [
  { name: 'id', type: 'STRING', mode: 'REQUIRED' },
  { name: 'amount', type: 'NUMERIC', mode: 'NULLABLE' },
  { name: 'at', type: 'TIMESTAMP', mode: 'NULLABLE' },
];
const TABLE_PATH = 'projects/p/datasets/d/tables/things';
const NO_RESULT = { appendResult: undefined };

let stub: StorageStub;
let warehouse: Warehouse;
const onError = vi.fn();

async function open(options: Partial<BigQueryOptions> = {}): Promise<Warehouse> {
  return openBigQueryWarehouse({
    projectId: 'p',
    dataset: 'd',
    location: 'EU',
    restEndpoint: 'http://127.0.0.1:1',
    storageEndpoint: stub.endpoint,
    tables: [THINGS],
    connections: 1,
    appendTimeoutMs: 5_000,
    onError,
    ...options,
  });
}

beforeEach(async () => {
  onError.mockClear();
  stub = await new StorageStub(FIELDS).start();
  warehouse = await open();
});
afterEach(async () => {
  await warehouse.close();
  stub.stop();
});

const append = (...rows: Row[]) => warehouse.append(THINGS.name, rows);
const row = (id: string): Row => ({ id });
const storedIds = () => stub.stored.map(({ id }) => id);
const refusal = (code: Code, message = 'refused', details?: object[]): AppendAnswer => ({
  ...NO_RESULT,
  error: { code, message, ...(details && { details: details as never }) },
});
const until = (condition: () => void) => vi.waitFor(condition, { timeout: 5_000, interval: 5 });

/** Answers the appends in turn, and all after them with STORED. */
function answerInTurn(...answers: (AppendAnswer | ((append: ReceivedAppend) => void))[]) {
  stub.script = (received) => {
    const answer = answers.shift();
    if (typeof answer !== 'function') return answer ?? STORED;
    answer(received);
    return undefined;
  };
}

/** Makes the next append wait for an answer, so that others gather behind it. */
async function holdOne() {
  let held: ReceivedAppend | undefined;
  const { script } = stub;
  stub.script = (received) => {
    held = received;
    stub.script = script;
    return undefined;
  };
  const first = append(row('held'));
  await until(() => expect(held).toBeDefined());
  return { first, release: () => held?.answer(STORED) };
}

describe('an append', () => {
  it('describes its rows once for each connection, and says where it belongs', async () => {
    await append(row('a'));
    await append(row('b'));
    expect(stub.appends).toMatchObject([
      { hasSchema: true, traceId: 'tributary', connection: 1, request: 1 },
      { hasSchema: false, traceId: '', connection: 1, request: 2 },
    ]);
    for (const { writeStream, routing } of stub.appends) {
      expect(writeStream).toBe(`${TABLE_PATH}/streams/_default`);
      expect(routing).toBe(`write_stream=${TABLE_PATH}/streams/_default`);
    }
    expect(stub.describeRouting).toEqual([`name=${TABLE_PATH}/streams/_default`]);
  });

  it('carries values exactly', async () => {
    const amount = '-12345678901234567890123456789.123456789';
    await append({ id: 'Zoë', amount, at: '2026-01-31T12:00:00.123456Z' });
    expect(stub.stored).toEqual([{ id: 'Zoë', amount, at: '1769860800123456' }]);
  });

  it('shares a request with those that come while another is in flight', async () => {
    const { first, release } = await holdOne();
    const others = Array.from({ length: 50 }, (_, index) => append(row(`r${index}`)));
    release();
    await Promise.all([first, ...others]);
    expect(stub.appends).toHaveLength(2);
    expect(storedIds()).toHaveLength(50);
  });

  it('goes by another connection when there is one', async () => {
    await warehouse.close();
    warehouse = await open({ connections: 2 });
    const { first, release } = await holdOne();
    await append(row('b'));
    release();
    await first;
    expect(stub.connections).toBe(2);
  });

  it('is cut into requests that are small enough', async () => {
    const rows = Array.from({ length: 25 }, (_, index) => row(String(index).padEnd(999_000, 'x')));
    await append(...rows);
    expect(stub.appends.length).toBeGreaterThan(2);
    for (const { sizeBytes } of stub.appends) expect(sizeBytes).toBeLessThan(9_000_000);
    expect(storedIds()).toEqual(rows.map(({ id }) => id));
  });

  it('is refused when one row is too large, which is named', async () => {
    const refused = append(row('a'), row('x'.repeat(9_100_000)));
    await expect(refused).rejects.toBeInstanceOf(InvalidRow);
    await expect(refused).rejects.toMatchObject({ faults: [{ pointer: '/1' }] });
    expect(stub.appends).toEqual([]);
  });

  it('of no rows is nothing', async () => {
    await append();
    expect(stub.appends).toEqual([]);
  });
});

describe('rows that BigQuery refuses', () => {
  const secretive = { rowErrors: [{ index: 2, message: "Value 'hush' of amount does not fit" }] };
  const answers: readonly [string, AppendAnswer][] = [
    ['in an answer with a result', { ...secretive, appendResult: {} }],
    ['in an answer with an error', { ...secretive, ...refusal(Code.INVALID_ARGUMENT) }],
    ['in an answer with nothing else', { ...NO_RESULT, ...secretive }],
  ];

  it.each(answers)('are named to their own caller, %s', async (_where, answer) => {
    const { first, release } = await holdOne();
    answerInTurn(answer);
    const good = append(row('good'));
    const bad = append(row('fine'), row('bad'));
    const alsoGood = append(row('also good'));
    release();
    await expect(bad).rejects.toBeInstanceOf(InvalidRow);
    await expect(bad).rejects.toMatchObject({
      faults: [{ pointer: '/1/amount', message: 'BigQuery refused it' }],
    });
    await expect(bad).rejects.toMatchObject({ message: expect.not.stringContaining('hush') });
    await Promise.all([first, good, alsoGood]);
    expect(storedIds()).toEqual(['good', 'also good']);
  });

  it('are told apart from those of others when BigQuery names none', async () => {
    const { first, release } = await holdOne();
    stub.script = ({ rows }) =>
      rows.some(({ id }) => id === 'bad') ? refusal(Code.INVALID_ARGUMENT, "'bad' is odd") : STORED;
    const others = Array.from({ length: 9 }, (_, index) => append(row(`r${index}`)));
    const bad = append(row('bad'));
    release();
    await expect(bad).rejects.toBeInstanceOf(InvalidRow);
    await expect(bad).rejects.toMatchObject({ message: expect.not.stringContaining("'bad'") });
    await Promise.all([first, ...others]);
    expect(storedIds().sort()).toEqual(Array.from({ length: 9 }, (_, index) => `r${index}`));
  });

  it('are named by their place in the append when it took several requests', async () => {
    const rows = Array.from({ length: 12 }, (_, index) => row(String(index).padEnd(999_000, 'x')));
    stub.script = ({ rows: sent }) => {
      const index = sent.findIndex(({ id }) => String(id).startsWith('10'));
      return index < 0 ? STORED : { ...NO_RESULT, rowErrors: [{ index, message: 'id' }] };
    };
    await expect(append(...rows)).rejects.toMatchObject({ faults: [{ pointer: '/10/id' }] });
  });
});

describe('an append that is not confirmed', () => {
  const passing: readonly [string, (received: ReceivedAppend) => void][] = [
    ['the connection ends with UNAVAILABLE', ({ end }) => end(Code.UNAVAILABLE)],
    ['the connection ends with ABORTED', ({ end }) => end(Code.ABORTED)],
    ['the connection ends with INTERNAL', ({ end }) => end(Code.INTERNAL)],
    ['the answer is INTERNAL', ({ answer }) => answer(refusal(Code.INTERNAL))],
    // It is about offsets, and none was sent: it cannot mean that these rows are stored.
    ['the answer is ALREADY_EXISTS', ({ answer }) => answer(refusal(Code.ALREADY_EXISTS))],
    ['the answer is empty', ({ answer }) => answer(NO_RESULT)],
  ];

  it.each(passing)('is sent again on another connection when %s', async (_what, act) => {
    answerInTurn(act, act);
    await append(row('a'));
    expect(storedIds()).toEqual(['a']);
    expect(stub.appends.map(({ connection }) => connection)).toEqual([1, 2, 3]);
  });

  it('is sent again on the same connection when BigQuery is busy', async () => {
    const busy = refusal(Code.RESOURCE_EXHAUSTED);
    answerInTurn(busy, busy, busy);
    await append(row('a'));
    expect(storedIds()).toEqual(['a']);
    expect(stub.connections).toBe(1);
  });

  const lasting: readonly [string, (received: ReceivedAppend) => void][] = [
    ['is silent', () => undefined],
    ['is not there', ({ end }) => end(Code.UNAVAILABLE)],
    ['is busy', ({ answer }) => answer(refusal(Code.RESOURCE_EXHAUSTED))],
    ['only says ALREADY_EXISTS', ({ answer }) => answer(refusal(Code.ALREADY_EXISTS))],
  ];

  it.each(lasting)('ends in time when BigQuery %s, and the next one works', async (_what, act) => {
    await warehouse.close();
    warehouse = await open({ appendTimeoutMs: 300 });
    stub.script = (received) => {
      act(received);
      return undefined;
    };
    const startMs = performance.now();
    await expect(append(row('a'))).rejects.toBeInstanceOf(WarehouseUnavailable);
    expect(performance.now() - startMs).toBeLessThan(2_000);
    stub.script = () => STORED;
    await append(row('b'));
    // Perhaps after a repetition of the first one, which was sent in time.
    expect(storedIds()).toContain('b');
  });

  it('never takes the answer to another', async () => {
    await warehouse.close();
    warehouse = await open({ appendTimeoutMs: 300 });
    stub.script = () => undefined;
    await expect(append(row('late'))).rejects.toBeInstanceOf(WarehouseUnavailable);
    const [late] = stub.appends;
    const second = append(row('second'));
    const outcome = expect(second).rejects.toBeInstanceOf(WarehouseUnavailable);
    await until(() => expect(stub.appends).toHaveLength(2));
    late?.answer(STORED);
    await outcome;
  });

  it('is refused at once when too much waits already', async () => {
    await warehouse.close();
    warehouse = await open({ maxQueuedBytes: 1_000 });
    const { first, release } = await holdOne();
    const waiting = append(row('x'.repeat(2_000)));
    await expect(append(row('b'))).rejects.toBeInstanceOf(WarehouseUnavailable);
    release();
    await Promise.all([first, waiting]);
  });
});

describe('what an operator must put right', () => {
  const denied = (name: string) =>
    `Permission '${name}' denied on resource '${TABLE_PATH}' (or it may not exist).`;
  const cases = [
    {
      what: 'permission to append',
      act: ({ end }: ReceivedAppend) => end(Code.PERMISSION_DENIED, denied('TABLES_UPDATE_DATA')),
      problem: PermissionMissing,
      says: `bigquery.tables.updateData on ${TABLE_PATH}`,
    },
    {
      what: 'permission, which the answer does not name',
      act: ({ end }: ReceivedAppend) => end(Code.PERMISSION_DENIED, 'no'),
      problem: PermissionMissing,
      says: `bigquery.tables.updateData on ${TABLE_PATH}`,
    },
    {
      what: 'credentials',
      act: ({ end }: ReceivedAppend) => end(Code.UNAUTHENTICATED),
      problem: PermissionMissing,
      says: 'credentials',
    },
    {
      what: 'the table',
      act: ({ end }: ReceivedAppend) => end(Code.NOT_FOUND),
      problem: ResourceMissing,
      says: TABLE_PATH,
    },
    {
      what: 'a column that was added a moment ago',
      act: ({ answer }: ReceivedAppend) =>
        answer(
          refusal(Code.INVALID_ARGUMENT, 'no', [
            {
              type_url: 'type.googleapis.com/google.cloud.bigquery.storage.v1.StorageError',
              value: Buffer.from([0x08, 0x07]),
            },
          ]),
        ),
      problem: SchemaMismatch,
      says: 'things',
    },
  ];

  it.each(cases)('$what is missing: it is named', async ({ act, problem, says }) => {
    answerInTurn(act, act);
    const refused = append(row('a'));
    await expect(refused).rejects.toBeInstanceOf(problem);
    await expect(refused).rejects.toThrow(says);
    expect(onError).toHaveBeenCalledOnce();
  });

  it('is believed the second time: a single refusal may be a mistake', async () => {
    answerInTurn(({ end }) => end(Code.PERMISSION_DENIED));
    await append(row('a'));
    expect(storedIds()).toEqual(['a']);
  });

  it('is not asked about for every append, and works again when it is put right', async () => {
    await warehouse.close();
    let skippedMs = 0;
    warehouse = await open({ clock: () => performance.now() + skippedMs });
    stub.describeFailure = { code: Code.PERMISSION_DENIED, details: denied('TABLES_GET') };
    for (const id of ['a', 'b', 'c']) {
      await expect(append(row(id))).rejects.toThrow(`bigquery.tables.get on ${TABLE_PATH}`);
    }
    // Twice for the first of them.
    expect(stub.describeRouting).toHaveLength(2);
    stub.describeFailure = undefined;
    skippedMs = 1_000;
    await append(row('d'));
    expect(storedIds()).toEqual(['d']);
  });
});

describe('the schema of the table', () => {
  const without = (name: string) => FIELDS.filter((field) => field.name !== name);
  const more: TableField = { name: 'more', type: 'STRING', mode: 'NULLABLE' };

  it('is compared before the first append', async () => {
    stub.fields = without('amount');
    await expect(append(row('a'))).rejects.toBeInstanceOf(SchemaMismatch);
    await expect(append(row('a'))).rejects.toThrow(`Column amount of ${TABLE_PATH} is missing`);
    expect(stub.appends).toEqual([]);
  });

  it('is asked for once for all connections and appends', async () => {
    await warehouse.close();
    warehouse = await open({ connections: 4 });
    await Promise.all([append(row('a')), append(row('b'))]);
    await append(row('c'));
    expect(stub.describeRouting).toHaveLength(1);
  });

  it('is asked for again before a new connection: the emulator locks up without', async () => {
    await append(row('a'));
    stub.endConnections(Code.ABORTED, 'inactive');
    await until(() => expect(stub.openConnections).toBe(0));
    await append(row('b'));
    expect(stub.describeRouting).toHaveLength(2);
    expect(stub.connections).toBe(2);
  });

  it('is asked for again when BigQuery says that it changed, and may have grown', async () => {
    answerInTurn({ ...STORED, updatedSchema: { fields: [...FIELDS, more] } });
    await append(row('a'));
    stub.fields = [...FIELDS, more];
    await append(row('b'));
    expect(stub.describeRouting).toHaveLength(2);
    expect(stub.connections).toBe(1);
  });

  it('stops appends when it no longer fits, until it does', async () => {
    await warehouse.close();
    let skippedMs = 0;
    warehouse = await open({ clock: () => performance.now() + skippedMs });
    answerInTurn({ ...STORED, updatedSchema: { fields: without('at') } });
    await append(row('a'));
    stub.fields = without('at');
    await expect(append(row('b'))).rejects.toThrow('Column at');
    stub.fields = FIELDS;
    skippedMs = 1_000;
    await append(row('c'));
    expect(stub.appends.map(({ rows }) => rows[0]?.id)).toEqual(['a', 'c']);
  });
});

describe('a connection', () => {
  it('that BigQuery ends while it is idle is replaced, and its error ends nothing', async () => {
    await append(row('a'));
    stub.endConnections(Code.ABORTED, 'Closing the stream because it has been inactive (409)');
    await append(row('b'));
    stub.endConnections(Code.PERMISSION_DENIED, 'no');
    await append(row('c'));
    expect(storedIds()).toEqual(['a', 'b', 'c']);
  });

  it('to nothing fails in time, and to the same place works once BigQuery is there', async () => {
    await warehouse.close();
    const port = await freePort();
    const startMs = performance.now();
    warehouse = await open({
      storageEndpoint: { host: '127.0.0.1', port },
      appendTimeoutMs: 400,
    });
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await expect(append(row('a'))).rejects.toBeInstanceOf(WarehouseUnavailable);
    await expect(warehouse.check()).rejects.toBeInstanceOf(WarehouseUnavailable);
    stub.stop();
    await stub.start(port);
    await vi.waitFor(() => append(row('b')), { timeout: 10_000 });
    expect(storedIds()).toContain('b');
  });

  it('that breaks in the middle of an append confirms nothing until it is sent again', async () => {
    const port = stub.endpoint.port;
    const { first } = await holdOne();
    stub.stop();
    await stub.start(port);
    await first;
    expect(storedIds()).toEqual(['held']);
  });

  it('keeps nothing of an append', async () => {
    stub.keepsNothing = true;
    const run = async (count: number) => {
      for (let done = 0; done < count; done += 50) {
        await Promise.all(Array.from({ length: 50 }, () => append(row('x'.repeat(2_000)))));
      }
      return heapUsedBytes();
    };
    await run(2_000);
    const beforeBytes = await run(1_000);
    const afterBytes = await run(10_000);
    // 20 MB went through in between.
    expect(afterBytes - beforeBytes).toBeLessThan(1_500_000);
  }, 60_000);
});

describe('close', () => {
  it('waits for the appends that were taken', async () => {
    const { first, release } = await holdOne();
    const waiting = append(row('b'));
    const closed = warehouse.close();
    await expect(append(row('c'))).rejects.toBeInstanceOf(WarehouseUnavailable);
    release();
    await Promise.all([first, waiting, closed]);
    expect(storedIds()).toEqual(['b']);
  });

  it('ends in time when BigQuery is silent', async () => {
    await warehouse.close();
    warehouse = await open({ appendTimeoutMs: 300 });
    stub.script = () => undefined;
    const refused = expect(append(row('a'))).rejects.toBeInstanceOf(WarehouseUnavailable);
    await warehouse.close();
    await refused;
  });
});

describe('check', () => {
  const failures = [
    { code: Code.PERMISSION_DENIED, problem: PermissionMissing, says: TABLE_PATH },
    { code: Code.NOT_FOUND, problem: ResourceMissing, says: TABLE_PATH },
    { code: Code.UNAVAILABLE, problem: WarehouseUnavailable, says: TABLE_PATH },
  ];
  it.each(failures)('fails with $problem.name', async ({ code, problem, says }) => {
    stub.describeFailure = { code, details: 'no' };
    await expect(warehouse.check()).rejects.toBeInstanceOf(problem);
    await expect(warehouse.check()).rejects.toThrow(says);
    stub.describeFailure = undefined;
    await warehouse.check();
  });

  it('fails when a table lacks a column', async () => {
    stub.fields = [];
    await expect(warehouse.check()).rejects.toBeInstanceOf(SchemaMismatch);
  });
});

function heapUsedBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
