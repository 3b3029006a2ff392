// Who may do what: least privilege, as far as it can be read from the files.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { secretId } from '#platform/secrets/secret-manager/secret-id.ts';
import {
  type Block,
  type Body,
  computed,
  MODULES,
  nested,
  PROJECT_NUMBER,
  place,
  ROOT,
  readConfiguration,
  resolve,
  textsIn,
} from './configuration.ts';

const { blocks, defaultOf, local, resource, resources, services } = await readConfiguration();

/** Bindings on the whole project, each because there is nothing narrower. */
const PROJECT_BINDINGS: Readonly<Record<string, string>> = {
  'identities query_runner': 'roles/bigquery.jobUser',
  'identities database_client': 'roles/cloudsql.client',
  'identities database_login': 'roles/cloudsql.instanceUser',
  'identities watcher': computed('google_project_iam_custom_role.watcher.name'),
  'identities job_keeper': computed('google_project_iam_custom_role.job_keeper[0].name'),
  'secrets reader': computed('google_project_iam_custom_role.reader.name'),
  'secrets keeper': computed('google_project_iam_custom_role.keeper.name'),
  'secrets refresher': computed('google_project_iam_custom_role.keeper.name'),
  'secrets creator': computed('google_project_iam_custom_role.creator.name'),
};

describe('access', () => {
  const iam = () => blocks('resource').filter(({ type }) => type.includes('_iam_'));
  const roleTexts = ({ body }: Block) => [...textsIn(body.role), ...textsIn(body.for_each)];

  it('on the whole project stands only what can stand nowhere else', () => {
    const found = resources('google_project_iam_member').map(({ folder, name, body }) => [
      `${folder.slice(MODULES.length + 1)} ${name}`,
      body.role,
    ]);
    expect(Object.fromEntries(found)).toEqual(PROJECT_BINDINGS);
  });

  it('bindings add members and never replace those that others made', () => {
    const kinds = iam().filter(({ type }) => !/_iam_(member|custom_role)$/.test(type));
    expect(kinds.map(place)).toEqual([]);
  });

  it('nobody is owner, editor or administrator; one account owns the dataset alone', () => {
    const broad = iam().filter((block) =>
      roleTexts(block).some((role) => /^roles\/(owner|editor|viewer)$|[aA]dmin|Owner$/.test(role)),
    );
    expect(broad.map(place)).toEqual([
      `${MODULES}/warehouse: google_bigquery_dataset_iam_member.schema_keeper`,
    ]);
  });

  it('custom roles name single permissions, and none that hands out access', () => {
    const permissions = resources('google_project_iam_custom_role').flatMap(({ body }) =>
      textsIn(body.permissions),
    );
    expect(permissions.length).toBeGreaterThan(10);
    expect(permissions.filter((one) => !/^[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+$/.test(one))).toEqual([]);
    expect(permissions.filter((one) => /setIamPolicy|actAs|\*/.test(one))).toEqual([]);
  });

  it.each([
    { driver: 'secrets/secret-manager', service: 'secretmanager', roles: ['keeper', 'creator'] },
    { driver: 'scheduler/cloud-scheduler', service: 'cloudscheduler', roles: ['job_keeper'] },
  ])('custom roles hold every permission that $driver names', ({ driver, service, roles }) => {
    const sources = globSync(`platform/${driver}/*.ts`, { cwd: ROOT })
      .filter((path) => !path.endsWith('.test.ts'))
      .map((path) => readFileSync(join(ROOT, path), 'utf8'));
    const pattern = new RegExp(`'(${service}\\.[a-z]+\\.[a-zA-Z]+)'`, 'g');
    const named = [...sources.join('\n').matchAll(pattern)].map(([, permission]) => permission);
    expect(named.length).toBeGreaterThan(5);
    const held = roles.flatMap((name) =>
      textsIn(resource('google_project_iam_custom_role', name).permissions),
    );
    expect(named.filter((permission) => !held.includes(permission ?? ''))).toEqual([]);
  });

  it('everybody may call intake and nothing else', () => {
    const open = [...blocks('resource'), ...blocks('module')].filter(({ body }) =>
      textsIn(body).some((text) => /allUsers|allAuthenticatedUsers/.test(text)),
    );
    expect(open.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['module intake']);
  });

  it("a service without Cloud Run's check is not on the internet", () => {
    const unchecked = services().filter(({ body }) => body.check_invoker !== true);
    expect(unchecked.map(({ name, body }) => [name, body.ingress])).toEqual([
      ['worker', 'INGRESS_TRAFFIC_INTERNAL_ONLY'],
    ]);
    expect(resource('google_cloud_run_v2_service', 'this').invoker_iam_disabled).toBe(
      computed('!var.check_invoker'),
    );
  });

  it.each([
    { id: secretId('tributary', 'tenants/acme/connections/con_1/webhook'), allowed: true },
    { id: secretId('tributary-staging', 'tenants/acme/connections/con_1/webhook'), allowed: false },
    { id: secretId('tributar', 'tenants/acme/connections/con_1/webhook'), allowed: false },
    { id: 'tributary-api-token', allowed: false },
  ])('the condition on secrets answers $allowed for $id', ({ id, allowed }) => {
    const { expression } = local(`${MODULES}/secrets`, 'tenant_secrets') as Body;
    const known = new Map([
      ['var.project_number', PROJECT_NUMBER],
      ['var.prefix', String(defaultOf('secrets', 'prefix'))],
    ]);
    const text = resolve(String(expression), known);
    const prefix = /^resource\.name\.startsWith\("(.*)"\)$/.exec(text)?.[1] ?? 'none';
    expect(`projects/${PROJECT_NUMBER}/secrets/${id}/versions/1`.startsWith(prefix)).toBe(allowed);
  });

  it('the API token is the secret that the condition was tried with', () => {
    const ids = resources('google_secret_manager_secret').map(({ body }) => body.secret_id);
    expect(ids).toEqual(['tributary-api-token']);
  });

  it.each(['reader', 'keeper', 'refresher'])(
    'the %s of secrets is bound by the condition',
    (name) => {
      const condition = nested(resource('google_project_iam_member', name), 'condition');
      expect(condition.expression).toBe(computed('local.tenant_secrets.expression'));
    },
  );

  it('no account can list secrets or read them without the condition', () => {
    const creator = resource('google_project_iam_custom_role', 'creator').permissions;
    expect(creator).toEqual(['secretmanager.secrets.create']);
    const all = resources('google_project_iam_custom_role').flatMap(({ body }) =>
      textsIn(body.permissions),
    );
    expect(all).not.toContain('secretmanager.secrets.list');
  });
});
