import { copyFileSync, readdirSync, truncateSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DataFolderInUse, WarehouseUnavailable } from '#schemas/problems.ts';
import { LEDGER_COUNTS, OUTBOX, PUBLISHED } from '#schemas/tables.ts';
import { describeWarehouse, outboxRow, type WarehouseUnderTest } from '../conformance.ts';
import { type DuckDbOptions, openDuckDbWarehouse } from './warehouse.ts';

async function make(options: Partial<DuckDbOptions> = {}): Promise<WarehouseUnderTest> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-warehouse-'));
  const open = () => openDuckDbWarehouse({ dataDir, ...options });
  let warehouse = await open();
  return {
    warehouse,
    reopen: async () => {
      await warehouse.close();
      warehouse = await open();
      return warehouse;
    },
    dispose: async () => {
      await warehouse.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

describeWarehouse('duckdb', make);
// Small files: every few rows a segment is closed and read in while others are written.
describeWarehouse('duckdb, many segments', () => make({ segmentBytes: 2_000, ingestDelayMs: 1 }));

async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tributary-warehouse-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const countRows = async (dataDir: string) => {
  const warehouse = await openDuckDbWarehouse({ dataDir });
  const rows = await warehouse.query<{ events: number; outbox_rows: number }>('outbox-counts');
  await warehouse.close();
  return rows[0];
};

describe('duckdb warehouse, its files', () => {
  it('has memory for the journals of all tables at once, and for a query besides', async () => {
    const errors: unknown[] = [];
    const warehouse = await openDuckDbWarehouse({
      dataDir: await tempDir(),
      ingestDelayMs: 1,
      onError: (_message, error) => void errors.push(error),
    });
    const message = { message_id: '1', data: 'x'.repeat(1_000) };
    const newest = { from_time: '2026-01-01T00:00:00.000Z', to_time: '2026-02-01T00:00:00.000Z' };
    for (let round = 0; round < 40; round += 1) {
      await Promise.all([
        warehouse
          .append(OUTBOX.name, [outboxRow(round)])
          .then(() => warehouse.query('outbox-counts')),
        warehouse
          .append(
            PUBLISHED.name,
            Array.from({ length: 50 }, () => message),
          )
          .then(() => warehouse.query('newest-proof', newest)),
      ]);
    }
    await warehouse.close();
    expect(errors).toEqual([]);
  });

  it.each([
    { what: 'many appends', appends: 12, rows: 25_000 },
    { what: 'one append', appends: 1, rows: 300_000 },
  ])(
    'reads in a burst of tiny rows from $what',
    async ({ appends, rows }) => {
      const errors: unknown[] = [];
      const warehouse = await openDuckDbWarehouse({
        dataDir: await tempDir(),
        ingestDelayMs: 1,
        onError: (_message, error) => void errors.push(error),
      });
      const minute = '2026-01-01T00:00:00.000Z';
      const count = {
        measure: 'consumed',
        tenant_id: 'acme',
        minute,
        recorded_at: minute,
        total: 1,
      };
      for (let round = 0; round < appends; round += 1) {
        const reporter = (row: number) => `process-${round}-${row}`;
        await warehouse.append(
          LEDGER_COUNTS.name,
          Array.from({ length: rows }, (_, row) => ({ ...count, reporter: reporter(row) })),
        );
      }
      const range = { tenant_id: 'acme', from_time: minute, to_time: '2026-02-01T00:00:00.000Z' };
      const counts = await warehouse.query<{ total: number }>('ledger-counts', range);
      await warehouse.close();
      expect(errors).toEqual([]);
      expect(counts.reduce((sum, { total }) => sum + total, 0)).toBe(300_000);
    },
    60_000,
  );

  it('gives a query that needs more memory what it needs', async () => {
    const warehouse = await openDuckDbWarehouse({ dataDir: await tempDir() });
    const events = 120_000;
    for (let first = 0; first < events; first += 10_000) {
      const rows = Array.from({ length: 10_000 }, (_, index) => outboxRow(first + index));
      await warehouse.append(OUTBOX.name, rows);
    }
    const { tenant_id, received_at } = outboxRow(0);
    const day = {
      tenant_id: String(tenant_id),
      from_time: received_at ?? null,
      to_time: new Date(Date.parse(String(received_at)) + 86_400_000).toISOString(),
    };
    // In less memory than it has at first, and while others wait for theirs.
    const [minutes, others] = await Promise.all([
      warehouse.query<{ outboxed: number }>('ledger-minutes', day),
      warehouse.query<{ events: number }>('outbox-counts'),
    ]);
    expect(minutes.reduce((sum, { outboxed }) => sum + outboxed, 0)).toBe(events);
    expect(others).toEqual([expect.objectContaining({ events })]);
    await warehouse.close();
  });

  it('reads in what a query needs, and leaves the journals of other tables', async () => {
    const dataDir = await tempDir();
    const warehouse = await openDuckDbWarehouse({ dataDir, ingestDelayMs: 3_600_000 });
    await warehouse.append(OUTBOX.name, [outboxRow(1)]);
    await warehouse.append(PUBLISHED.name, [{ message_id: '1' }]);
    await expect(warehouse.query('outbox-counts')).resolves.toMatchObject([{ events: 1 }]);
    const waiting = (table: string) => readdir(join(dataDir, 'journal', table));
    expect([await waiting(OUTBOX.name), (await waiting(PUBLISHED.name)).length]).toEqual([[], 1]);
    await warehouse.close();
  });

  it('refuses a folder that another process uses, and says what to do', async () => {
    const dataDir = await tempDir();
    const { execFileSync } = await import('node:child_process');
    const first = await openDuckDbWarehouse({ dataDir });
    const script = `import { openDuckDbWarehouse } from ${JSON.stringify(new URL('./warehouse.ts', import.meta.url).href)};
      try { await openDuckDbWarehouse({ dataDir: process.argv[1] }); console.log('opened'); }
      catch (error) { console.log(error.code); }`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script, dataDir]);
    expect(output.toString().trim()).toBe(new DataFolderInUse('').code);
    await first.close();
  });

  it('loses nothing confirmed, and adds nothing, wherever the last write was torn', async () => {
    const dataDir = await tempDir();
    // Never read in by itself, so that the rows stay in the journal.
    const warehouse = await openDuckDbWarehouse({ dataDir, ingestDelayMs: 3_600_000 });
    await warehouse.append(OUTBOX.name, [outboxRow(1)]);
    await warehouse.append(OUTBOX.name, [outboxRow(2), outboxRow(3)]);
    const journalDir = join(dataDir, 'journal', OUTBOX.name);
    const [segment] = (await readdir(journalDir)).filter((name) => name.endsWith('.ndjson'));
    const segmentPath = join(journalDir, segment ?? '');
    const whole = (await stat(segmentPath)).size;

    const image = await tempDir();
    copyFileSync(segmentPath, join(image, 'segment'));
    await warehouse.close();
    const firstBlock = Math.floor(whole / 3);
    const cuts = [0, 1, firstBlock - 20, firstBlock + 40, whole - 60, whole - 2, whole - 1, whole];
    for (const cut of cuts) {
      const { Journal } = await import('./journal.ts');
      const dir = join(image, `cut-${cut}`);
      const { mkdirSync } = await import('node:fs');
      mkdirSync(dir);
      copyFileSync(join(image, 'segment'), join(dir, segment ?? ''));
      truncateSync(join(dir, segment ?? ''), cut);
      const journal = await Journal.open({
        dir,
        ingestedThrough: 0,
        segmentBytes: 1e6,
        segmentRows: 1e3,
        maxBytes: 1e9,
        onSealed: () => undefined,
      });
      const kept = journal.sealed.reduce((sum, sealed) => sum + sealed.bytes, 0);
      expect(kept).toBeLessThanOrEqual(cut);
      if (cut === whole) expect(kept).toBe(whole);
      else expect(kept).toBeLessThan(whole);
      const leftovers = readdirSync(dir).filter((name) => name.endsWith('.torn'));
      expect(leftovers.length).toBe(kept === cut ? 0 : 1);
    }
  });

  it('reads each segment into the table once, also when its file is still there', async () => {
    const dataDir = await tempDir();
    const warehouse = await openDuckDbWarehouse({ dataDir, ingestDelayMs: 3_600_000 });
    await warehouse.append(OUTBOX.name, [outboxRow(1)]);
    const journalDir = join(dataDir, 'journal', OUTBOX.name);
    const [segment = ''] = await readdir(journalDir);
    const aside = join(await tempDir(), segment);
    copyFileSync(join(journalDir, segment), aside);
    await warehouse.close();
    // As after a crash between the commit in DuckDB and the removal of the file.
    copyFileSync(aside, join(journalDir, segment));
    expect(await countRows(dataDir)).toEqual({ outbox_rows: 1, events: 1 });
  });

  it('removes journal files once their rows are in the table', async () => {
    const dataDir = await tempDir();
    const warehouse = await openDuckDbWarehouse({ dataDir, segmentBytes: 4_000 });
    for (let index = 0; index < 50; index += 1) {
      await warehouse.append(OUTBOX.name, [outboxRow(index)]);
    }
    await warehouse.query('outbox-counts');
    const left = await readdir(join(dataDir, 'journal', OUTBOX.name));
    expect(left.filter((name) => name.endsWith('.ndjson'))).toEqual([]);
    await warehouse.close();
  });

  it('refuses appends past the bound of the journal instead of filling the disk', async () => {
    const dataDir = await tempDir();
    const warehouse = await openDuckDbWarehouse({
      dataDir,
      maxJournalBytes: 2_000,
      ingestDelayMs: 3_600_000,
    });
    const appendMany = async () => {
      for (let index = 0; index < 20; index += 1) {
        await warehouse.append(OUTBOX.name, [outboxRow(index)]);
      }
    };
    await expect(appendMany()).rejects.toBeInstanceOf(WarehouseUnavailable);
    // Room again once the rows are in the table.
    await warehouse.query('outbox-counts');
    await warehouse.append(OUTBOX.name, [outboxRow(100)]);
    await warehouse.close();
  });
});
