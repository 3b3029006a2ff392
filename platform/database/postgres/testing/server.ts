import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { findExecutable, type Part } from '#platform/testing/part.ts';
import { freePort, startServerProcess } from '#platform/testing/server-process.ts';
import type { ServerConnection } from '../options.ts';
import { openPostgres } from '../postgres.ts';
import { binFolders, OLDEST_VERSION } from './bin-folders.ts';
import { asUser, unprivilegedUser } from './unprivileged-user.ts';

const START_TIMEOUT_MS = 30_000;
const TEMPLATE = 'tributary_template';

/** PostgreSQL's programs; the path is their folder. */
export const POSTGRES: Part = {
  name: `PostgreSQL ${OLDEST_VERSION} or newer`,
  find: () =>
    binFolders().find(
      (folder) => findExecutable('postgres', [folder]) && findExecutable('initdb', [folder]),
    ),
  howToGet:
    'on Debian `apt-get install postgresql`, on macOS `brew install postgresql@17`; or put its bin folder on PATH.',
};

export interface PostgresServer {
  /** Its superuser, in the database `postgres`. */
  readonly connection: ServerConnection;
  /** Makes a database of its own: empty, or `migrated` with sql/postgres. */
  createDatabase(options?: { readonly migrated?: boolean }): Promise<ServerConnection>;
  dropDatabase(connection: ServerConnection): Promise<void>;
  /** Runs one statement as the superuser. */
  admin(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** Stops as Postgres does it for an operator (fast), and starts again on the same port. */
  restart(): Promise<void>;
  /** Stops as `restart` does; `start` starts it again. */
  halt(): Promise<void>;
  /** SIGKILL; `start` starts it again. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes all it has. */
  stop(): Promise<void>;
}

export interface PostgresServerOptions {
  /** Syncs the disk, as a commit that is to outlive the machine needs. Default false. */
  readonly durable?: boolean;
  readonly maxConnections?: number;
  /** Lets everybody in without a password. Default false. */
  readonly trust?: boolean;
}

/** @param binDir from POSTGRES. Takes 1 to 2 s, most of it initdb. */
export async function startPostgres(
  binDir: string,
  options: PostgresServerOptions = {},
): Promise<PostgresServer> {
  const root = await mkdtemp(join(tmpdir(), 'tributary-postgres-'));
  const owner = await unprivilegedUser();
  if (owner) await chown(root, owner.uid, owner.gid);
  const connection = {
    host: '127.0.0.1',
    port: await freePort(),
    user: 'postgres',
    database: 'postgres',
    password: randomBytes(12).toString('hex'),
  };
  const dataDir = join(root, 'data');
  const passwordFile = join(root, 'password');
  await writeFile(passwordFile, connection.password, { mode: 0o644 });
  const command = (name: string, args: readonly string[]) =>
    asUser(owner, join(binDir, name), args);

  const login = options.trust ? 'trust' : 'scram-sha-256';
  const initdb = command('initdb', [
    ...['-D', dataDir, '-U', connection.user, '--pwfile', passwordFile, '-A', login],
    ...['-E', 'UTF8', '--locale=C', '--wal-segsize=1', '--no-sync', '--no-instructions'],
  ]);
  const remove = () => rm(root, { recursive: true, force: true });
  const removeWithUs = () => rmSync(root, { recursive: true, force: true, maxRetries: 3 });

  const server = command('postgres', [
    ...['-D', dataDir, '-p', String(connection.port), '-h', '127.0.0.1', '-k', ''],
    ...settings(options).flatMap((setting) => ['-c', setting]),
  ]);
  const launch = async () => {
    const process = await startServerProcess({
      ...server,
      cwd: root,
      ports: [connection.port],
      timeoutMs: START_TIMEOUT_MS,
      stopSignal: 'SIGINT',
    });
    await untilItAnswers(connection);
    return process;
  };
  let running: Awaited<ReturnType<typeof launch>> | undefined;
  try {
    await promisify(execFile)(initdb.command, initdb.args, { cwd: root });
    running = await launch();
  } catch (error) {
    await remove();
    throw error;
  }
  process.once('exit', removeWithUs);
  let templateMade: Promise<void> | undefined;

  const admin = (sql: string, database = connection.database) =>
    withClient({ ...connection, database }, async (client) => (await client.query(sql)).rows);

  const makeTemplate = async () => {
    await admin(`CREATE DATABASE ${TEMPLATE}`);
    const db = openPostgres({ connection: { ...connection, database: TEMPLATE }, poolSize: 1 });
    await db.migrate();
    await db.close();
  };

  const halt = async () => {
    await running?.stop();
    running = undefined;
  };
  const start = async () => {
    running ??= await launch();
  };

  return {
    connection,
    admin,
    start,
    halt,
    async createDatabase({ migrated = false } = {}) {
      const database = `test_${randomBytes(6).toString('hex')}`;
      if (migrated) {
        templateMade ??= makeTemplate();
        await templateMade;
      }
      await admin(`CREATE DATABASE ${database} TEMPLATE ${migrated ? TEMPLATE : 'template1'}`);
      return { ...connection, database };
    },
    async dropDatabase({ database }) {
      await admin(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    },
    async restart() {
      await halt();
      await start();
    },
    async kill() {
      if (running) process.kill(running.pid, 'SIGKILL');
      await halt();
    },
    async stop() {
      await halt();
      await remove();
      process.off('exit', removeWithUs);
    },
  };
}

/** Small, and nothing outside the data folder: no socket, no shared memory files in /dev/shm. */
function settings({ durable = false, maxConnections = 60 }: PostgresServerOptions): string[] {
  const onOff = durable ? 'on' : 'off';
  return [
    `fsync=${onOff}`,
    `synchronous_commit=${onOff}`,
    `full_page_writes=${onOff}`,
    `max_connections=${maxConnections}`,
    'shared_buffers=16MB',
    'dynamic_shared_memory_type=mmap',
    'jit=off',
  ];
}

/** The port is open before the server takes logins. */
async function untilItAnswers(connection: ServerConnection): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      return await withClient(connection, async (client) => void (await client.query('SELECT 1')));
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(20);
    }
  }
}

async function withClient<Result>(
  connection: ServerConnection,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ ...connection, ssl: false });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
