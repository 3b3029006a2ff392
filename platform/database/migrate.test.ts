import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidConfig } from '#schemas/problems.ts';
import { describeOnEachDatabase } from './each-database.ts';
import { readMigrations } from './migration-files.ts';
import type { TestDatabase } from './testing.ts';

const FIRST =
  '-- Things are counted.\nCREATE TABLE things (n integer);\nINSERT INTO things VALUES (1);\n';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-migrations-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const put = (file: string, sql: string) => writeFile(join(dir, file), sql);

describe('readMigrations', () => {
  const refused = [
    { name: 'a gap', files: ['0001_a.sql', '0003_b.sql'], message: /0003_b.sql is out of line/ },
    { name: 'a number twice', files: ['0001_a.sql', '0001_b.sql'], message: /named 0002_/ },
    { name: 'a start above 1', files: ['0002_a.sql'], message: /named 0001_/ },
    { name: 'a name without a number', files: ['first.sql'], message: /first.sql is out of line/ },
  ];
  it.each(refused)('refuses $name', async ({ files, message }) => {
    for (const file of files) await put(file, FIRST);
    const reading = readMigrations(dir);
    await expect(reading).rejects.toThrow(InvalidConfig);
    await expect(reading).rejects.toThrow(message);
  });

  it('refuses a file that does not tell its reason', async () => {
    await put('0001_a.sql', 'SELECT 1;');
    await expect(readMigrations(dir)).rejects.toThrow(/reason as a comment/);
  });

  it('does not see a change where only the line ends differ', async () => {
    await put('0001_a.sql', FIRST);
    const [unix] = await readMigrations(dir);
    await put('0001_a.sql', FIRST.replaceAll('\n', '\r\n'));
    expect(await readMigrations(dir)).toEqual([unix]);
  });
});

describeOnEachDatabase('applyMigrations', (open) => {
  let database: TestDatabase;
  beforeEach(async () => {
    await put('0001_things.sql', FIRST);
    database = await open({ migrationsDir: dir });
  });
  afterEach(() => database.close());

  it('applies each file once, in order, and records it', async () => {
    await put('0002_more.sql', '-- More things.\nINSERT INTO things SELECT n + 1 FROM things;\n');
    await database.db.migrate();
    await database.db.migrate();
    expect(await database.db.query('SELECT n FROM things ORDER BY n')).toEqual([
      { n: 1 },
      { n: 2 },
    ]);
    expect(await database.db.query('SELECT version, file FROM schema_migrations')).toEqual([
      { version: 1, file: '0001_things.sql' },
      { version: 2, file: '0002_more.sql' },
    ]);
  });

  it('refuses an applied file that was changed', async () => {
    await put('0001_things.sql', `${FIRST}-- A late thought.\n`);
    const migrating = database.db.migrate();
    await expect(migrating).rejects.toThrow(InvalidConfig);
    await expect(migrating).rejects.toThrow(/0001_things.sql was changed after/);
  });

  it('undoes a failing file as a whole and goes on once it is corrected', async () => {
    await put('0002_bad.sql', '-- Bad.\nDELETE FROM things;\nSELECT 1/0;\n');
    const migrating = database.db.migrate();
    await expect(migrating).rejects.toThrow(/0002_bad.sql failed and was rolled back/);
    await expect(migrating).rejects.toMatchObject({ cause: { code: '22012' } });
    expect(await database.db.query('SELECT n FROM things')).toEqual([{ n: 1 }]);
    await put('0002_bad.sql', '-- Good.\nDELETE FROM things;\n');
    await database.db.migrate();
    expect(await database.db.query('SELECT n FROM things')).toEqual([]);
  });

  it('leaves alone what a newer release applied', async () => {
    await database.db.query(
      `INSERT INTO schema_migrations (version, file, checksum) VALUES (2, '0002_newer.sql', 'x')`,
    );
    await database.db.migrate();
    expect(await database.db.query('SELECT version FROM schema_migrations')).toHaveLength(2);
  });
});

describe('the migrations of sql/postgres', () => {
  it('never hold a value that ought to be a secret', async () => {
    const folder = join(import.meta.dirname, '..', '..', 'sql', 'postgres');
    for (const { file } of await readMigrations(folder)) {
      const columns = (await readFile(join(folder, file), 'utf8')).match(/^ {2}[a-z_]+ /gm) ?? [];
      const suspicious = columns.filter((column) =>
        /token|password|api_key|secret(?!_ref)/.test(column),
      );
      expect({ file, suspicious }).toEqual({ file, suspicious: [] });
    }
  });
});
