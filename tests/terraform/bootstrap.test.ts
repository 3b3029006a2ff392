// The script that gives services their rights in the database, against a real PostgreSQL: what a login that
// may create nothing else can do afterwards. Real: the script as Terraform fills it in, the migrations.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import type { ServerConnection } from '#platform/database/postgres/options.ts';
import { openPostgres } from '#platform/database/postgres/postgres.ts';
import { describeOnPostgres } from '#platform/database/postgres/testing/suite.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import { ConnectionStore } from '#services/connections/store.ts';

const SCRIPT = join(import.meta.dirname, '../../terraform/modules/database/bootstrap.sql.tftpl');
const HUBSPOT = { tenantId: 'acme', orgId: 'one', provider: 'hubspot', name: 'main', settings: {} };

/** As `templatefile` does it, for the one loop that there is. */
async function bootstrapScript(database: string, users: readonly string[]): Promise<string> {
  const template = await readFile(SCRIPT, 'utf8');
  const script = template
    .replace(/%\{ for user in users ~\}\n([\s\S]*?)%\{ endfor ~\}/, (_, body: string) =>
      users.map((user) => body.replaceAll(/\$\{user\}/g, user)).join(''),
    )
    .replaceAll(/\$\{database\}/g, database);
  expect(script).not.toMatch(/[$%]\{/);
  return script;
}

describeOnPostgres('the bootstrap script', {}, (server) => {
  const users = ['intake@project.iam', 'control@project.iam'];
  let connection: ServerConnection;
  const databases: Database[] = [];

  const openAs = (user: string) => {
    const opened = openPostgres({
      connection: { ...connection, user, password: 'x' },
      poolSize: 2,
    });
    databases.push(opened);
    return opened;
  };

  beforeAll(async () => {
    connection = await server().createDatabase();
    for (const user of users) await server().admin(`CREATE ROLE "${user}" LOGIN PASSWORD 'x'`);
    const script = await bootstrapScript(connection.database, users);
    await server().admin(script, connection.database);
    // It may be run again.
    await server().admin(script, connection.database);
  });
  afterAll(async () => {
    await Promise.all(databases.map((one) => one.close()));
    await server().dropDatabase(connection);
  });

  it('lets every service migrate, work for all tenants, and run requests for one', async () => {
    const [intake, control] = users.map(openAs) as [Database, Database];
    await intake.migrate();
    await control.migrate();
    await new ConnectionStore(intake).insert(HUBSPOT, 'con_1', 'ref/1');
    await new ConnectionStore(intake).insert({ ...HUBSPOT, tenantId: 'rival' }, 'con_2', 'ref/2');
    expect((await new ConnectionStore(control).all()).length).toBe(2);
    const seen = (tenantId: string) =>
      forTenant(control, { tenantId, orgId: 'one', reach: 'org' }).query(
        'SELECT id, current_user AS role FROM connections',
      );
    expect(await seen('acme')).toEqual([{ id: 'con_1', role: 'tributary_app' }]);
    expect(await seen('nobody')).toEqual([]);
    const changes = await control.query('SELECT tenant_id FROM connection_changes ORDER BY id');
    expect(changes).toEqual([{ tenant_id: 'acme' }, { tenant_id: 'rival' }]);
    const app = forTenant(control, { tenantId: 'acme', orgId: 'one', reach: 'org' });
    await expect(app.query('SELECT * FROM spooled_events')).rejects.toThrow();
    await app.query(`UPDATE connections SET name = 'changed', version = version + 1`);
    expect((await control.query('SELECT 1 FROM connection_changes')).length).toBe(3);
  });

  it('holds the owner of the tables to the policies as well', async () => {
    const [owner] = users.map(openAs) as [Database];
    const [role] = await owner.query(
      'SELECT current_user AS role, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user',
    );
    expect(role).toEqual({ role: 'tributary', rolsuper: false, rolbypassrls: false });
    const policies = await owner.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_policies WHERE policyname = 'server' AND roles = '{tributary}'`,
    );
    const tables = await owner.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_class
       WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relforcerowsecurity`,
    );
    expect(policies).toEqual(tables);
  });
});
