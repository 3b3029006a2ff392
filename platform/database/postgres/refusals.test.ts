// Real: PostgreSQL, its logins and grants. Nothing is doubled.
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DatabaseUnavailable, PermissionMissing, ResourceMissing } from '#schemas/problems.ts';
import type { Database } from '../database.ts';
import type { ServerConnection } from './options.ts';
import { openPostgres } from './postgres.ts';
import { describeOnPostgres } from './testing/suite.ts';

const ROLE = 'modest';
const PASSWORD = 'modest-password';
const SECRET = 'very private';

describeOnPostgres('what postgres refuses', { maxConnections: 6 }, (server) => {
  let owner: Database;
  let connection: ServerConnection;
  beforeAll(async () => {
    connection = await server().createDatabase();
    owner = openPostgres({ connection, poolSize: 1 });
    await owner.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`);
    await owner.query(
      'CREATE TABLE kept (id integer PRIMARY KEY, note text UNIQUE, n integer NOT NULL)',
    );
    await owner.query(
      `CREATE FUNCTION reveal(value text) RETURNS void LANGUAGE plpgsql AS
       'BEGIN EXECUTE format(''SELECT (%L::text)::integer'', value); END'`,
    );
    await owner.query('CREATE TABLE guarded (tenant text)');
    await owner.query('ALTER TABLE guarded ENABLE ROW LEVEL SECURITY');
    await owner.query(`CREATE POLICY own ON guarded USING (tenant = 'acme')`);
    await owner.query(`GRANT INSERT ON guarded TO ${ROLE}`);
  });
  afterAll(() => owner.close());

  /** What a query fails with on a connection like the owner's, but for this. */
  async function failure(overrides: Partial<ServerConnection>, sql = 'SELECT 1'): Promise<Error> {
    const db = openPostgres({ connection: { ...connection, ...overrides }, poolSize: 1 });
    try {
      await db.query(sql);
      throw new Error('It did not fail.');
    } catch (error) {
      return error as Error;
    } finally {
      await db.close();
    }
  }
  const asRole = { user: ROLE, password: PASSWORD };

  it('names role and database when the password is wrong', async () => {
    const error = await failure({ password: 'wrong-password' });
    expect(error).toBeInstanceOf(PermissionMissing);
    expect(error.message).toMatch(/role "postgres" for database "test_/);
    expect(error).toMatchObject({ cause: { code: '28P01' } });
    expect(inspect(error, { depth: 9 })).not.toContain('wrong-password');
  });

  it('names the role that does not exist', async () => {
    const error = await failure({ user: 'nobody_here' });
    expect(error).toBeInstanceOf(PermissionMissing);
    expect(error.message).toContain('"nobody_here"');
  });

  it('takes no password from the environment', async () => {
    process.env.PGPASSWORD = connection.password;
    try {
      expect(await failure({ password: undefined })).toBeInstanceOf(PermissionMissing);
    } finally {
      delete process.env.PGPASSWORD;
    }
  });

  it('names the database that does not exist', async () => {
    const error = await failure({ database: 'nowhere' });
    expect(error).toBeInstanceOf(ResourceMissing);
    expect(error.message).toContain('"nowhere"');
  });

  it('names a database that the role may not connect to', async () => {
    await server().admin(`CREATE DATABASE closed_to_most`);
    await server().admin(`REVOKE CONNECT ON DATABASE closed_to_most FROM PUBLIC`);
    const error = await failure({ ...asRole, database: 'closed_to_most' });
    expect(error).toBeInstanceOf(PermissionMissing);
    expect(error.message).toContain('"closed_to_most"');
  });

  it('says when encryption is not to be had', async () => {
    expect(await failure({ ssl: true })).toBeInstanceOf(DatabaseUnavailable);
  });

  it('names role and table when a grant is missing', async () => {
    const error = await failure(asRole, 'SELECT * FROM kept');
    expect(error).toBeInstanceOf(PermissionMissing);
    expect(error.message).toMatch(/Role "modest".* table kept/);
    expect(error).toMatchObject({ cause: { code: '42501' } });
  });

  it("leaves a policy's refusal as the statement's own failure", async () => {
    const error = await failure(asRole, `INSERT INTO guarded VALUES ('globex')`);
    expect(error).not.toBeInstanceOf(PermissionMissing);
    expect(error).toMatchObject({ code: '42501' });
  });

  it('says when the server has no connection left', async () => {
    const greedy = openPostgres({ connection: { ...connection, ...asRole }, poolSize: 9 });
    const waits = await Promise.allSettled(
      Array.from({ length: 9 }, () => greedy.query('SELECT pg_sleep(0.3)')),
    );
    await greedy.close();
    const refused = waits.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) {
      expect(error).toBeInstanceOf(DatabaseUnavailable);
      expect(error.message).toMatch(/no connection left.* up to 9/);
    }
  });

  const revealing = [
    {
      name: 'a unique key in the detail',
      sql: 'INSERT INTO kept SELECT n, $1, 1 FROM generate_series(1, 2) n',
      code: '23505',
    },
    {
      name: 'a failing row in the detail',
      sql: 'INSERT INTO kept VALUES (3, $1, NULL)',
      code: '23502',
    },
    { name: 'a text that is no number', sql: 'SELECT $1::text::integer', code: '22P02' },
    { name: 'a text that is no JSON', sql: 'SELECT $1::text::jsonb', code: '22P02' },
    { name: 'a text that is no time', sql: 'SELECT $1::text::timestamptz', code: '22007' },
    {
      name: 'an inner statement in the context',
      sql: 'SELECT reveal($1)',
      code: '22P02',
    },
  ];
  it.each(revealing)('says nothing of $name', async ({ sql, code }) => {
    const error: unknown = await owner.query(sql, [SECRET]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET);
    expect(JSON.stringify(error)).not.toContain(SECRET);
  });

  it('still names constraint and table', async () => {
    await owner.query(`INSERT INTO kept VALUES (10, 'taken', 1)`);
    await expect(owner.query(`INSERT INTO kept VALUES (11, 'taken', 1)`)).rejects.toMatchObject({
      code: '23505',
      table: 'kept',
      constraint: 'kept_note_key',
    });
  });
});
