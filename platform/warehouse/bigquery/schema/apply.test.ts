// Doubled: BigQuery's REST API, by the stub in testing/. Real: Google's client, and at the end goccy's
// emulator for what it has: it makes tables, functions and views, and cannot read functions back, nor
// does it know row access policies or refuse anything.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeWith } from '#platform/testing/describe-with.ts';
import {
  InvalidConfig,
  PermissionMissing,
  ResourceMissing,
  SchemaMismatch,
  WarehouseUnavailable,
} from '#schemas/problems.ts';
import { ANALYST_ACCESS, OUTBOX, TABLES } from '#schemas/tables.ts';
import { BIGQUERY_EMULATOR, startBigQueryEmulator } from '../testing/emulator.ts';
import { type ApplySchemaOptions, applySchema } from './apply.ts';
import { loadDeclaredSchema } from './declared-schema.ts';
import { Rest } from './rest.ts';
import { schemaScript } from './script.ts';
import type { Step } from './step.ts';
import { type Refusal, type RestStub, startRestStub } from './testing/rest-stub.ts';

const TARGET = { projectId: 'test-project', dataset: 'tributary', location: 'EU' };
const READER = 'serviceAccount:worker@test-project.iam.gserviceaccount.com';
const RELAY = 'serviceAccount:relay@test-project.iam.gserviceaccount.com';

let stub: RestStub;
beforeEach(async () => {
  stub = await startRestStub();
});
afterEach(() => stub[Symbol.asyncDispose]());

function apply(options: Partial<ApplySchemaOptions> = {}): Promise<Step[]> {
  const { restEndpoint } = stub;
  return applySchema({ ...TARGET, restEndpoint, readers: [], dryRun: false, ...options });
}

const writes = () => stub.calls.filter((call) => !/^GET |:getIamPolicy$/.test(call));
const named = (steps: readonly Step[]) =>
  steps.map(({ action, kind, name }) => `${action} ${kind} ${name}`);

interface Field {
  name: string;
  type: string;
  mode?: string;
  description?: string;
}

function fieldsOf(table: string): Field[] {
  const { schema } = stub.tables.get(table) ?? {};
  return (schema as { fields: Field[] } | undefined)?.fields ?? [];
}

/** Changes a table as if somebody else had. */
function change(table: string, properties: object): void {
  stub.tables.set(table, { ...stub.tables.get(table), ...properties });
}

function changeFields(table: string, edit: (fields: Field[]) => Field[]): void {
  change(table, { schema: { fields: edit(structuredClone(fieldsOf(table))) } });
}

describe('applying the schema', () => {
  it('creates everything: the dataset, tables, functions, then the views that call them', async () => {
    const steps = await apply();
    const kinds = steps.map(({ kind }) => kind);
    expect(kinds).toEqual([...kinds].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)));
    expect(named(steps)).toEqual(
      expect.arrayContaining([
        'create dataset tributary',
        ...TABLES.map(({ name }) => `create table ${name}`),
        'create function integration_events_between',
        'create view integration_events',
      ]),
    );
    expect(stub.dataset).toMatchObject({ location: 'EU' });
    expect(stub.tables.get(OUTBOX.name)).toMatchObject({
      description: OUTBOX.description,
      timePartitioning: { type: 'DAY', field: 'received_at' },
      clustering: { fields: OUTBOX.clusterBy },
      requirePartitionFilter: true,
      labels: { product: 'tributary', part: 'outbox' },
    });
    expect(stub.tables.get(ANALYST_ACCESS.name)).not.toHaveProperty('timePartitioning');
  });

  it('names every table and function with its project and dataset inside of definitions', async () => {
    await apply();
    const { view } = stub.tables.get('integration_events') as { view: { query: string } };
    expect(view.query).toContain('FROM `test-project`.`tributary`.`integration_events_between`(');
    const routine = stub.routines.get('loss_ledger_between') as { definitionBody: string };
    expect(routine.definitionBody).toContain(
      'FROM `test-project`.`tributary`.`integration_events_outbox`\n',
    );
  });

  it('finds nothing to do the second time, row access included', async () => {
    await apply({ readers: [READER, RELAY] });
    stub.calls.length = 0;
    expect(await apply({ readers: [RELAY, READER] })).toEqual([]);
    expect(writes()).toEqual([]);
  });

  it('changes nothing in a dry run, and says what it would', async () => {
    const steps = await apply({ dryRun: true, readers: [READER] });
    expect(writes()).toEqual([]);
    expect(named(await apply({ readers: [READER] }))).toEqual(named(steps));
  });

  it('goes on where a run ended that failed', async () => {
    const broken = `POST /datasets/tributary/routines`;
    stub.refuse = (call) =>
      call === broken ? { status: 503, reason: 'backendError', message: 'no' } : undefined;
    await expect(apply({ timeoutMs: 5_000 })).rejects.toBeInstanceOf(WarehouseUnavailable);
    stub.refuse = () => undefined;
    const kinds = new Set((await apply()).map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['function', 'view']));
  });

  it('tells of each step once it is taken', async () => {
    const told: Step[] = [];
    const steps = await apply({ onStep: (step) => told.push(step) });
    expect(told).toEqual(steps);
  });
});

const ORDER: readonly string[] = ['dataset', 'table', 'function', 'view', 'row access policy'];

describe('upgrading', () => {
  beforeEach(async () => {
    await apply();
    stub.calls.length = 0;
    stub.bodies.clear();
  });

  it('adds nullable columns at the end, keeps columns of others, and renews the views', async () => {
    const other = { name: 'theirs', type: 'FLOAT', mode: 'NULLABLE', description: 'not ours' };
    changeFields(OUTBOX.name, (fields) => [
      ...fields.filter(({ name }) => name !== 'actor'),
      other,
    ]);
    const steps = await apply();
    expect(steps[0]).toMatchObject({ name: OUTBOX.name, changes: ['column actor STRING added'] });
    expect(fieldsOf(OUTBOX.name).slice(-2)).toMatchObject([other, { name: 'actor' }]);
    expect(named(steps)).toContain('update view integration_events');
    expect(named(steps)).toContain('update function integration_events_between');
    expect(await apply()).toEqual([]);
  });

  const changes: readonly { name: string; found: object; patch: object; says: string }[] = [
    {
      name: 'a description',
      found: { description: 'old' },
      patch: { description: OUTBOX.description },
      says: 'its description',
    },
    {
      name: 'a label, and leaves those of others',
      found: { labels: { product: 'x', part: 'outbox', team: 'data' } },
      patch: { labels: { product: 'tributary', part: 'outbox' } },
      says: 'labels product=tributary, part=outbox',
    },
    {
      name: 'an expiration that should not be',
      found: { timePartitioning: { type: 'DAY', field: 'received_at', expirationMs: '86400000' } },
      patch: { timePartitioning: { type: 'DAY', field: 'received_at', expirationMs: null } },
      says: 'partitions expire after never',
    },
    {
      name: 'the clustering',
      found: { clustering: { fields: ['event_id'] } },
      patch: { clustering: { fields: OUTBOX.clusterBy } },
      says: `clustered by ${OUTBOX.clusterBy.join(', ')}`,
    },
    {
      name: 'a partition filter that is not required',
      found: { requirePartitionFilter: undefined },
      patch: { requirePartitionFilter: true },
      says: 'partition filter required',
    },
  ];
  it.each(changes)('changes $name, and nothing else', async ({ found, patch, says }) => {
    change(OUTBOX.name, found);
    expect(await apply()).toMatchObject([{ action: 'update', name: OUTBOX.name, changes: [says] }]);
    const path = `PATCH /datasets/tributary/tables/${OUTBOX.name}`;
    expect(stub.bodies.get(path)).toEqual([patch]);
  });

  it('lets a column be null that had to have a value, and describes it', async () => {
    changeFields(OUTBOX.name, (fields) =>
      fields.map((field) =>
        field.name === 'actor' ? { ...field, mode: 'REQUIRED', description: 'old' } : field,
      ),
    );
    const [step] = await apply();
    expect(step?.changes).toEqual(['column actor may be null', 'description of column actor']);
    expect(fieldsOf(OUTBOX.name).find(({ name }) => name === 'actor')?.mode).toBe('NULLABLE');
  });

  it('replaces views and functions that differ', async () => {
    change('entity_latest', { view: { query: 'SELECT 1 AS x' } });
    stub.routines.set('entity_latest_between', { definitionBody: 'SELECT 1 AS x' });
    expect(named(await apply())).toEqual([
      'update function entity_latest_between',
      'update view entity_latest',
    ]);
    expect(await apply()).toEqual([]);
  });

  const refusals: readonly { name: string; break: () => void; says: RegExp; pointer: string }[] = [
    {
      name: 'a column of another type',
      break: () => editField('payload', { type: 'JSON' }),
      says: /integration_events_outbox\.payload is JSON, not STRING/,
      pointer: '/integration_events_outbox/payload',
    },
    {
      name: 'a required column that is missing',
      break: () =>
        changeFields(OUTBOX.name, (fields) => fields.filter(({ name }) => name !== 'source')),
      says: /integration_events_outbox\.source is missing/,
      pointer: '/integration_events_outbox/source',
    },
    {
      name: 'a column that may be null and must not',
      break: () => editField('event_id', { mode: 'NULLABLE' }),
      says: /integration_events_outbox\.event_id may be null/,
      pointer: '/integration_events_outbox/event_id',
    },
    {
      name: 'an array',
      break: () => editField('actor', { mode: 'REPEATED' }),
      says: /integration_events_outbox\.actor is an array/,
      pointer: '/integration_events_outbox/actor',
    },
    {
      name: 'partitions by another column',
      break: () => change(OUTBOX.name, { timePartitioning: { type: 'DAY', field: 'occurred_at' } }),
      says: /partitioned by DAY of occurred_at; it must be partitioned by DAY of received_at/,
      pointer: '/integration_events_outbox/received_at',
    },
    {
      name: 'partitions of another length',
      break: () =>
        change(OUTBOX.name, { timePartitioning: { type: 'HOUR', field: 'received_at' } }),
      says: /partitioned by HOUR of received_at/,
      pointer: '/integration_events_outbox/received_at',
    },
    {
      name: 'a view where a table must be',
      break: () => change(OUTBOX.name, { type: 'VIEW' }),
      says: /integration_events_outbox is a VIEW, not a table/,
      pointer: '/integration_events_outbox',
    },
    {
      name: 'a table where a view must be',
      break: () => change('entity_latest', { type: 'TABLE' }),
      says: /entity_latest is a TABLE, not a view/,
      pointer: '/entity_latest',
    },
  ];
  it.each(refusals)(
    'refuses $name, and touches nothing',
    async ({ break: breakIt, says, pointer }) => {
      breakIt();
      // Something that could be done, and must not be.
      change('webhook_requests', { description: 'old' });
      const refused = apply({ readers: [READER] });
      await expect(refused).rejects.toBeInstanceOf(SchemaMismatch);
      await expect(refused).rejects.toThrow(says);
      await expect(refused).rejects.toMatchObject({ faults: [{ pointer }] });
      expect(writes()).toEqual([]);
    },
  );

  it('names everything that cannot be upgraded at once', async () => {
    editField('payload', { type: 'JSON' });
    editField('event_id', { type: 'INTEGER' });
    await expect(apply()).rejects.toMatchObject({
      faults: [
        { pointer: '/integration_events_outbox/event_id' },
        { pointer: '/integration_events_outbox/payload' },
      ],
    });
  });

  it('refuses a dataset in another location', async () => {
    stub.dataset = { location: 'us-central1' };
    await expect(apply()).rejects.toThrow(/is in us-central1, not in EU/);
    await expect(apply()).rejects.toBeInstanceOf(InvalidConfig);
    stub.dataset = { location: 'eu' };
    expect(await apply()).toEqual([]);
  });
});

function editField(name: string, properties: object): void {
  changeFields(OUTBOX.name, (fields) =>
    fields.map((field) => (field.name === name ? { ...field, ...properties } : field)),
  );
}

describe('row access', () => {
  it('is left alone when no reader is named', async () => {
    await apply();
    await apply();
    expect(stub.calls.filter((call) => call.includes('rowAccessPolicies'))).toEqual([]);
    expect(stub.policies.size).toBe(0);
  });

  it('lets the readers see all rows before analysts are restricted, on each table', async () => {
    const steps = await apply({ readers: [READER] });
    const policies = steps.filter(({ kind }) => kind === 'row access policy');
    const guarded = TABLES.filter((table) => table.tenantIn !== 'none').map(({ name }) => name);
    expect(policies.map(({ name }) => name)).toEqual(
      guarded.flatMap((table) => [`${table}.readers`, `${table}.analysts`]),
    );
    expect(stub.policies.get(OUTBOX.name)).toMatchObject([
      { name: 'readers', predicate: 'TRUE', grantees: [READER] },
      { name: 'analysts', grantees: ['allAuthenticatedUsers'] },
    ]);
  });

  it('asks for the membership of who queries, by its full name', async () => {
    await apply({ readers: [READER] });
    const analysts = stub.policies.get(OUTBOX.name)?.[1];
    expect(analysts?.predicate).toContain(
      'FROM `test-project`.`tributary`.`analyst_access` AS access\n  WHERE access.principal = SESSION_USER()',
    );
  });

  it('replaces a policy that was changed or has other members', async () => {
    await apply({ readers: [READER] });
    const [readers, analysts] = stub.policies.get(OUTBOX.name) ?? [];
    if (!readers || !analysts) throw new Error('There are no policies.');
    stub.policies.set(OUTBOX.name, [readers, { ...analysts, predicate: 'TRUE' }]);
    const steps = await apply({ readers: [READER, RELAY] });
    expect(steps).toContainEqual(
      expect.objectContaining({ name: `${OUTBOX.name}.analysts`, changes: ['its predicate'] }),
    );
    expect(steps).toContainEqual(
      expect.objectContaining({
        name: `${OUTBOX.name}.readers`,
        changes: [`granted to ${READER}, ${RELAY}`],
      }),
    );
    expect(await apply({ readers: [READER, RELAY] })).toEqual([]);
  });
});

describe('a statement', () => {
  const statement = {
    sql: "CREATE OR REPLACE ROW ACCESS POLICY p\nON `p`.`d`.`t`\nGRANT TO ('a')\nFILTER USING (\nTRUE\n)",
    needs: { permission: 'x', resource: 'table t' },
  };

  it('is waited for to its end', async () => {
    stub.pendingAnswers = 2;
    const rest = new Rest({ projectId: 'p', restEndpoint: stub.restEndpoint });
    await rest.run(statement, 'EU');
    expect(stub.calls).toEqual(['POST /queries', 'GET /queries/job', 'GET /queries/job']);
  });

  it('is not waited for without end', async () => {
    stub.pendingAnswers = Number.POSITIVE_INFINITY;
    const { restEndpoint } = stub;
    const rest = new Rest({ projectId: 'p', restEndpoint, timeoutMs: 100 });
    await expect(rest.run(statement, 'EU')).rejects.toThrow(/table t took longer than 100 ms/);
  });
});

describe('refused by BigQuery', () => {
  const DENIED = { status: 403, reason: 'accessDenied', message: 'Access Denied' };
  const denied: readonly { call: RegExp; permission: string; resource: string }[] = [
    {
      call: /^GET \/datasets\/tributary$/,
      permission: 'bigquery.datasets.get',
      resource: 'dataset tributary',
    },
    {
      call: /^POST \/datasets$/,
      permission: 'bigquery.datasets.create',
      resource: 'project test-project',
    },
    {
      call: /^POST .*tables$/,
      permission: 'bigquery.tables.create',
      resource: 'dataset tributary',
    },
    {
      call: /^POST .*routines$/,
      permission: 'bigquery.routines.create',
      resource: 'dataset tributary',
    },
    {
      call: /^POST \/queries$/,
      permission: 'bigquery.rowAccessPolicies.create',
      resource: 'table integration_events_outbox',
    },
  ];
  it.each(denied)('names $permission', async ({ call, permission, resource }) => {
    stub.refuse = (one) => (call.test(one) ? DENIED : undefined);
    const refused = apply({ readers: [READER] });
    await expect(refused).rejects.toBeInstanceOf(PermissionMissing);
    await expect(refused).rejects.toThrow(`lacks ${permission} on ${resource}`);
  });

  it('names the permission that BigQuery names', async () => {
    const message =
      'Access Denied: Table test-project:tributary.x: Permission bigquery.tables.get denied on table test-project:tributary.x (or it may not exist).';
    stub.refuse = () => ({ ...DENIED, message });
    await expect(apply()).rejects.toThrow(
      'lacks bigquery.tables.get on table test-project:tributary.x.',
    );
  });

  type Named = {
    name: string;
    refusal: Refusal;
    error: new (detail: string) => Error;
    says: RegExp;
  };
  const others: readonly Named[] = [
    {
      name: 'a project that does not exist',
      refusal: { status: 404, reason: 'notFound', message: 'Not found: Project test-project' },
      error: ResourceMissing,
      says: /no project test-project.*GOOGLE_CLOUD_PROJECT/,
    },
    {
      name: 'a project by the name of the emulator',
      refusal: { status: 404, reason: 'notFound', message: 'project test-project is not found' },
      error: ResourceMissing,
      says: /no project test-project/,
    },
    {
      name: 'a project without BigQuery',
      refusal: {
        status: 403,
        reason: 'accessNotConfigured',
        message: 'BigQuery API has not been used in project 1 before or it is disabled.',
      },
      error: ResourceMissing,
      says: /not enabled in the project test-project/,
    },
    {
      name: 'credentials that are refused',
      refusal: { status: 401, reason: 'authError', message: 'Invalid Credentials' },
      error: InvalidConfig,
      says: /no valid Google credentials/,
    },
  ];
  it.each(others)('tells of $name', async ({ refusal, error, says }) => {
    stub.refuse = () => refusal;
    await expect(apply()).rejects.toBeInstanceOf(error);
    await expect(apply()).rejects.toThrow(says);
  });

  it('tells when nobody answers', async () => {
    const { restEndpoint } = stub;
    await stub[Symbol.asyncDispose]();
    const refused = applySchema({ ...TARGET, restEndpoint, readers: [], dryRun: true });
    await expect(refused).rejects.toBeInstanceOf(WarehouseUnavailable);
    stub = await startRestStub();
  });
});

describeWith(BIGQUERY_EMULATOR, (path) => {
  describe('on the emulator', () => {
    const stack = new AsyncDisposableStack();
    let restEndpoint: string;
    beforeAll(async () => {
      // It ends when a function is called that Go's collector has freed (measured with 0.8.1). Without
      // the collector it takes some 40 MB for each query, so few are asked here.
      vi.stubEnv('GOGC', 'off');
      const emulator = await startBigQueryEmulator(path, { projectId: TARGET.projectId });
      vi.unstubAllEnvs();
      stack.defer(() => emulator.stop());
      restEndpoint = emulator.restEndpoint;
    });
    afterAll(() => stack.disposeAsync());

    it('makes everything, and finds it again but for functions', async () => {
      const first = await apply({ restEndpoint });
      expect(new Set(first.map(({ kind }) => kind))).toEqual(
        new Set(['dataset', 'table', 'function', 'view']),
      );
      const second = await apply({ restEndpoint });
      expect(new Set(second.map(({ kind }) => kind))).toEqual(new Set(['function']));
    });

    it('makes functions and views that can be asked', async () => {
      const { objects } = await loadDeclaredSchema({ ...TARGET, readers: [] });
      const where = { projectId: TARGET.projectId, datasetId: TARGET.dataset };
      for (const { kind, name } of objects) {
        const window = `(TIMESTAMP '2026-03-01 00:00:00', TIMESTAMP '2026-04-01 00:00:00')`;
        const query = `SELECT COUNT(*) AS rows_there FROM ${name}${kind === 'function' ? window : ''}`;
        const answer = await fetch(
          `${restEndpoint}/bigquery/v2/projects/${where.projectId}/queries`,
          {
            method: 'POST',
            body: JSON.stringify({ query, useLegacySql: false, defaultDataset: where }),
          },
        );
        expect(await answer.json()).toMatchObject({ rows: [{ f: [{ v: '0' }] }] });
      }
    });

    it('names a project that does not exist', async () => {
      const refused = apply({ restEndpoint, projectId: 'other-project' });
      await expect(refused).rejects.toBeInstanceOf(ResourceMissing);
    });

    it('takes the script, whose policies it knows the grammar of but does not support', async () => {
      const target = { ...TARGET, dataset: 'by_hand' };
      const rest = new Rest({ ...target, restEndpoint });
      const needs = { permission: '', resource: 'schema' };
      const body = { datasetReference: { datasetId: target.dataset } };
      await rest.call({ method: 'POST', path: '/datasets', body, needs });
      const script = schemaScript(await loadDeclaredSchema({ ...target, readers: [READER] }));
      const statements = script.split(/;\n(?:\n|$)/).filter(Boolean);
      expect(statements.length).toBeGreaterThan(2 * TABLES.length);
      for (const sql of statements) {
        const run = rest.run({ sql, needs }, TARGET.location);
        if (!sql.startsWith('CREATE OR REPLACE ROW ACCESS POLICY')) await run;
        else await expect(run).rejects.toThrow(/not supported: CreateRowAccessPolicyStatement/);
      }
    });
  });
});
