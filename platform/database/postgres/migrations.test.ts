// Real: PostgreSQL, the processes that migrate at the same time, the signal that kills one of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PermissionMissing } from '#schemas/problems.ts';
import type { PostgresOptions, ServerConnection } from './options.ts';
import { openPostgres } from './postgres.ts';
import { describeOnPostgres } from './testing/suite.ts';

const CHILD = join(import.meta.dirname, 'testing', 'migrate-child.ts');
const FIRST = '-- Things are counted.\nCREATE TABLE things (n integer);\n';
const SLOW =
  '-- A large table takes a while.\nSELECT pg_sleep(0.3);\nINSERT INTO things VALUES (1);\n';

describeOnPostgres('migrations on postgres', {}, (server) => {
  let dir: string;
  let connection: ServerConnection;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tributary-migrations-'));
    connection = await server().createDatabase();
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const put = (file: string, sql: string) => writeFile(join(dir, file), sql);
  const startChild = (): ChildProcess =>
    spawn(process.execPath, [CHILD, JSON.stringify(connection), dir], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  const things = () => server().admin('SELECT n FROM things', connection.database);
  async function migrate(options: Partial<PostgresOptions> = {}): Promise<void> {
    const db = openPostgres({ connection, migrationsDir: dir, ...options });
    await db.migrate().finally(() => db.close());
  }

  it('are applied once by several processes that start together', async () => {
    await put('0001_things.sql', FIRST);
    await put('0002_slow.sql', SLOW);
    await put('0003_more.sql', '-- One more.\nINSERT INTO things VALUES (2);\n');
    const exits = await Promise.all([1, 2, 3, 4].map(() => once(startChild(), 'exit')));
    expect(exits).toEqual(Array(4).fill([0, null]));
    expect(await things()).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('leave nothing half done when their process is killed, and nobody waits for it', async () => {
    await put('0001_things.sql', FIRST);
    await put('0002_long.sql', '-- Long.\nINSERT INTO things VALUES (1);\nSELECT pg_sleep(600);\n');
    const child = startChild();
    const exited = once(child, 'exit');
    await expect
      .poll(() => server().admin(`SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'`), {
        timeout: 10_000,
      })
      .toHaveLength(1);
    child.kill('SIGKILL');
    await exited;
    await put('0002_long.sql', '-- Short.\nINSERT INTO things VALUES (2);\n');
    await migrate();
    expect(await things()).toEqual([{ n: 2 }]);
  });

  it('may run, and be waited for, longer than other statements', async () => {
    await put('0001_things.sql', FIRST);
    await put('0002_slow.sql', SLOW);
    const short = { statementTimeoutMs: 100, connectTimeoutMs: 1_000 };
    await Promise.all([migrate(short), migrate(short)]);
    expect(await things()).toEqual([{ n: 1 }]);
  });

  it('name the permission that is missing, and do not blame the file', async () => {
    await put('0001_things.sql', FIRST);
    const role = { user: 'guest', password: 'guest' };
    await server().admin(`CREATE ROLE guest LOGIN PASSWORD 'guest'`);
    const asGuest = { connection: { ...connection, ...role } };
    // From version 15 on, not everybody may create tables in the schema public.
    await expect(migrate(asGuest)).rejects.toThrow(PermissionMissing);
    await expect(migrate(asGuest)).rejects.toThrow(/"guest".*schema public/);
    await server().admin('GRANT CREATE ON SCHEMA public TO guest', connection.database);
    await put('0001_things.sql', '-- Looks into the accounts.\nSELECT * FROM pg_authid;\n');
    await expect(migrate(asGuest)).rejects.toThrow(/"guest".*pg_authid/);
  });
});
