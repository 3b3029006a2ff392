// What the database itself refuses, whatever the application says. Real: Postgres, embedded and as a
// server, with the product's migrations; statements are sent as the role that requests run as.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import { forTenant, type TenantScope } from '#platform/database/tenant-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';

/** A row of an owner, by the columns that have no default. */
type MakeRow = (mark: string, connectionId: string) => Readonly<Record<string, unknown>>;

interface TenantTable {
  /** What requests may do besides reading. */
  readonly may: readonly ('insert' | 'update' | 'delete')[];
  readonly row: MakeRow;
  /** A column that is set to itself, to see whether the row may be written. */
  readonly touch: string;
}

const at = '2026-01-31T12:00:00Z';
const uuidOf = (mark: string) =>
  `00000000-0000-4000-8000-${Buffer.from(mark.padEnd(6, '.')).subarray(-6).toString('hex')}`;

/** Tables that requests reach, each with a row of its own for every owner. */
const TENANT_TABLES: Readonly<Record<string, TenantTable>> = {
  connections: {
    may: ['insert', 'update', 'delete'],
    row: (mark, id) => ({ id, provider: 'hubspot', name: mark, secret_ref: mark }),
    touch: 'name',
  },
  connection_credentials: {
    may: ['insert', 'update', 'delete'],
    row: (mark, connection_id) => ({
      ...{ connection_id, kind: 'oauth2', secret_ref: mark, secret_ref_version: 1 },
    }),
    touch: 'secret_ref',
  },
  connection_health: {
    may: ['insert', 'update'],
    row: (_mark, connection_id) => ({ connection_id }),
    touch: 'interval_seconds',
  },
  connection_checks: {
    may: [],
    row: (_mark, connection_id) => ({ connection_id, outcome: 'ok', duration_ms: 1 }),
    touch: 'outcome',
  },
  connection_logs: {
    may: ['insert'],
    row: (mark, connection_id) => ({
      ...{ connection_id, level: 'info', kind: 'health', code: 'ok', message: mark },
    }),
    touch: 'message',
  },
  webhook_registrations: {
    may: ['insert', 'update', 'delete'],
    row: (mark, connection_id) => ({
      ...{ id: uuidOf(mark), connection_id, resource: mark, state: 'active' },
    }),
    touch: 'resource',
  },
  audit_log: {
    may: ['insert'],
    row: (mark) => ({ actor: mark, action: 'a.b', subject_type: 'a', subject_id: mark }),
    touch: 'actor',
  },
  api_keys: {
    may: ['insert', 'update'],
    row: (mark) => ({
      ...{ id: mark, name: mark, prefix: mark, hash: mark, role: 'member', created_by: mark },
    }),
    touch: 'name',
  },
  oauth_clients: {
    may: ['insert', 'update', 'delete'],
    row: (mark) => ({ provider: mark, client_id: mark, secret_ref: mark, updated_by: mark }),
    touch: 'client_id',
  },
  replays: {
    may: ['insert', 'update'],
    row: (mark) => ({
      id: uuidOf(mark),
      ...{ predicate: '{}', mode: 'missing', max_events: 1, matched: 1, created_by: mark },
    }),
    touch: 'created_by',
  },
  replay_predicates: {
    may: ['insert', 'update', 'delete'],
    row: (mark) => ({ name: mark, predicate: '{}', created_by: mark }),
    touch: 'created_by',
  },
  dead_letters: {
    may: ['update'],
    row: (mark) => ({
      id: uuidOf(mark),
      ...{ consumer: mark, topic: 't', message: '{}', message_bytes: 2, state: 'open' },
      ...{ attempts: 1, reason: 'Error', history: '[]' },
    }),
    touch: 'consumer',
  },
  canaries: {
    may: [],
    row: (mark) => ({ event_id: uuidOf(mark), connection_id: mark, sent_at: at }),
    touch: 'connection_id',
  },
};

/** Tables that the server alone reaches: ledgers, spool, leases, sessions. */
const SERVER_TABLES = [
  'connection_changes',
  'consumers',
  'entity_states',
  'idempotency_keys',
  'leases',
  'ledger_exported_consumers',
  'ledger_exports',
  'ledger_progress',
  'oauth_authorizations',
  'processed_events',
  'reconcile_gaps',
  'reconcile_progress',
  'reconcile_runs',
  'relay_watermarks',
  'replayed_events',
  'resolved_observations',
  'schema_migrations',
  'sessions',
  'spool_ledger',
  'spool_usage',
  'spooled_events',
  'used_sign_in_links',
];

const OWNERS = [
  { mark: 'acme-1', tenantId: 'acme', orgId: 'one' },
  { mark: 'acme-2', tenantId: 'acme', orgId: 'two' },
  { mark: 'acme-0', tenantId: 'acme', orgId: null },
  { mark: 'rival1', tenantId: 'rival', orgId: 'one' },
  { mark: 'rival0', tenantId: 'rival', orgId: null },
] as const;
type Mark = (typeof OWNERS)[number]['mark'];

interface Caller {
  readonly name: string;
  readonly scope: TenantScope;
  readonly sees: readonly Mark[];
  readonly writes: readonly Mark[];
}

const CALLERS: readonly Caller[] = [
  {
    name: 'an organisation',
    scope: { tenantId: 'acme', orgId: 'one', reach: 'org' },
    sees: ['acme-0', 'acme-1'],
    writes: ['acme-1'],
  },
  {
    name: 'what is shared',
    scope: { tenantId: 'acme', orgId: null, reach: 'org' },
    sees: ['acme-0'],
    writes: ['acme-0'],
  },
  {
    name: 'the platform level',
    scope: { tenantId: 'acme', orgId: null, reach: 'tenant' },
    sees: ['acme-0', 'acme-1', 'acme-2'],
    writes: ['acme-0', 'acme-1', 'acme-2'],
  },
  {
    name: 'the same organisation of another tenant',
    scope: { tenantId: 'rival', orgId: 'one', reach: 'org' },
    sees: ['rival0', 'rival1'],
    writes: ['rival1'],
  },
  {
    name: 'an organisation without rows',
    scope: { tenantId: 'rival', orgId: 'two', reach: 'org' },
    sees: ['rival0'],
    writes: [],
  },
  {
    name: 'no tenant',
    scope: { tenantId: '', orgId: null, reach: 'tenant' },
    sees: [],
    writes: [],
  },
];

/** Tables of the platform level: an organisation has no rows there. */
const WITHOUT_ORG = new Set(['oauth_clients', 'replay_predicates', 'dead_letters', 'canaries']);

const REFUSED = '42501';
/** The code an error bears; the driver of the server tells a missing permission by a problem. */
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: { code?: string }) =>
      error.code === 'permission_missing' ? REFUSED : (error.code ?? String(error)),
  );

describeOnEachDatabase('tenants in the database', (open) => {
  let opened: TestDatabase;
  let db: Database;

  beforeAll(async () => {
    opened = await open();
    db = opened.db;
    for (const [table, { row }] of Object.entries(TENANT_TABLES)) {
      for (const owner of OWNERS) await insert(db, table, rowOf(table, owner, row));
    }
  });
  afterAll(() => opened.close());

  function rowOf(
    table: string,
    { mark, tenantId, orgId }: (typeof OWNERS)[number],
    row: MakeRow,
    suffix = '',
  ) {
    return {
      tenant_id: tenantId,
      ...(!WITHOUT_ORG.has(table) && { org_id: orgId }),
      ...row(mark + suffix, `con_${mark}${table === 'connections' ? suffix : ''}`),
    };
  }

  async function insert(to: Pick<Database, 'query'>, table: string, row: object) {
    const values = Object.values(row);
    const places = values.map((_, index) => `$${index + 1}`).join(', ');
    await to.query(
      `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${places})`,
      values,
    );
  }

  /** The owners whose rows these are. */
  const marksOf = (rows: readonly object[]) =>
    rows
      .map((row) => {
        const { tenant_id, org_id } = row as { tenant_id: string; org_id?: string | null };
        return OWNERS.filter((one) => one.tenantId === tenant_id).find(
          (one) => org_id === undefined || one.orgId === org_id,
        )?.mark;
      })
      .toSorted();

  it('has each table in one of the lists', async () => {
    const tables = await db.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class
       WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY relname`,
    );
    const listed = [...Object.keys(TENANT_TABLES), ...SERVER_TABLES].toSorted();
    expect(tables.map(({ name }) => name).toSorted()).toEqual(listed);
  });

  it('has each table under forced row-level security, and the role owns and bypasses nothing', async () => {
    const open = await db.query(
      `SELECT relname FROM pg_class
       WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
         AND NOT (relrowsecurity AND relforcerowsecurity)`,
    );
    expect(open).toEqual([]);
    const [role] = await db.query(
      `SELECT rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb,
         (SELECT count(*)::int FROM pg_class WHERE relowner = pg_roles.oid) AS owns,
         (SELECT count(*)::int FROM pg_auth_members WHERE member = pg_roles.oid) AS member_of
       FROM pg_roles WHERE rolname = 'tributary_app'`,
    );
    const no = { rolsuper: false, rolbypassrls: false, rolcanlogin: false };
    expect(role).toEqual({
      ...no,
      rolcreaterole: false,
      rolcreatedb: false,
      owns: 0,
      member_of: 0,
    });
  });

  it.each(SERVER_TABLES)('keeps %s from requests', async (table) => {
    const app = forTenant(db, { tenantId: 'acme', orgId: null, reach: 'tenant' });
    const statements = [
      `SELECT * FROM ${table}`,
      `INSERT INTO ${table} DEFAULT VALUES`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
      `DROP TABLE ${table}`,
    ];
    for (const statement of statements) {
      expect([statement, await codeOf(app.query(statement))]).toEqual([statement, REFUSED]);
    }
  });

  describe.each(CALLERS)('$name', ({ scope, sees, writes }) => {
    const ofLevel = (table: string, marks: readonly Mark[]): (Mark | undefined)[] => {
      if (!WITHOUT_ORG.has(table)) return marks.toSorted();
      if (scope.reach !== 'tenant') return [];
      // Rows say their tenant alone, so that all of a tenant's are marked by its first owner.
      const own = OWNERS.filter(({ tenantId }) => tenantId === scope.tenantId);
      return own.map(() => own[0]?.mark);
    };

    it.each(Object.keys(TENANT_TABLES))('reads its rows of %s', async (table) => {
      const rows = await forTenant(db, scope).query(`SELECT * FROM ${table}`);
      expect(marksOf(rows)).toEqual(ofLevel(table, sees));
      const all = await forTenant(db, scope).query<{ n: number }>(
        `SELECT count(*)::int AS n FROM ${table} WHERE tenant_id IN ('acme', 'rival') OR true`,
      );
      expect(all).toEqual([{ n: rows.length }]);
    });

    it.each(Object.entries(TENANT_TABLES))(
      'changes its rows of %s',
      async (table, { may, touch }) => {
        const change = () =>
          forTenant(db, scope).query(`UPDATE ${table} SET ${touch} = ${touch} RETURNING *`);
        if (may.includes('update')) expect(marksOf(await change())).toEqual(ofLevel(table, writes));
        else expect(await codeOf(change())).toBe(REFUSED);
      },
    );

    it.each(Object.entries(TENANT_TABLES))('removes its rows of %s', async (table, { may }) => {
      let removed: readonly object[] = [];
      const undo = new Error('undo');
      const remove = forTenant(db, scope).transaction(async (tx) => {
        removed = await tx.query(`DELETE FROM ${table} RETURNING *`);
        throw undo;
      });
      if (!may.includes('delete')) return expect(await codeOf(remove)).toBe(REFUSED);
      await expect(remove).rejects.toBe(undo);
      expect(marksOf(removed)).toEqual(ofLevel(table, writes));
    });

    it.each(Object.entries(TENANT_TABLES))(
      'adds rows of its own to %s',
      async (table, { may, row }) => {
        for (const owner of OWNERS) {
          const undo = new Error('undo');
          const added = codeOf(
            forTenant(db, scope).transaction(async (tx) => {
              // Its connection has the one row it may have already.
              if (may.includes('delete') && table !== 'connections') {
                await tx.query(`DELETE FROM ${table}`);
              }
              await insert(tx, table, rowOf(table, owner, row, '+'));
              throw undo;
            }),
          );
          const isOwn = WITHOUT_ORG.has(table)
            ? scope.reach === 'tenant' && owner.tenantId === scope.tenantId
            : writes.includes(owner.mark);
          const done = may.includes('insert') && isOwn;
          const code = await added;
          // A row that is there already is found before the policy is asked; either way none is added.
          const expected = done ? [String(undo), '23505'] : [REFUSED, '23505'];
          expect([owner.mark, expected.includes(String(code))], String(code)).toEqual([
            owner.mark,
            true,
          ]);
          if (!may.includes('insert')) expect(code).toBe(REFUSED);
        }
      },
    );

    it('gives no row to another', async () => {
      for (const [table, { may }] of Object.entries(TENANT_TABLES)) {
        if (!may.includes('update')) continue;
        const given = await codeOf(
          forTenant(db, scope).query(`UPDATE ${table} SET tenant_id = 'someone-else'`),
        );
        // Without a row of its own there is nothing to give.
        expect([table, [undefined, REFUSED].includes(given)], given).toEqual([table, true]);
      }
      const [{ n } = { n: -1 }] = await db.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM connections WHERE tenant_id = 'someone-else'`,
      );
      expect(n).toBe(0);
    });
  });

  it('shows nothing to the role without a caller, and forgets the caller with the transaction', async () => {
    const rows = await db.transaction(async (tx) => {
      await tx.query('SET LOCAL ROLE tributary_app');
      return tx.query('SELECT * FROM connections');
    });
    expect(rows).toEqual([]);
    const [after] = await db.query<{ tenant: string | null; role: string; owner: string }>(
      `SELECT nullif(current_setting('tributary.tenant_id', true), '') AS tenant,
         current_user AS role, session_user AS owner`,
    );
    expect(after?.tenant).toBeNull();
    expect(after?.role).toBe(after?.owner);
  });

  it('takes a hostile tenant for a name that nobody has', async () => {
    for (const tenantId of [
      "acme' OR '1'='1",
      'acme\u0000',
      '%',
      "'; DROP TABLE connections; --",
    ]) {
      const work = forTenant(db, { tenantId, orgId: null, reach: 'tenant' }).query(
        'SELECT * FROM connections',
      );
      expect(await work.catch(() => [])).toEqual([]);
    }
    expect(await db.query('SELECT 1 AS one FROM connections LIMIT 1')).toEqual([{ one: 1 }]);
  });
});
