// The environment variables that Terraform gives each service are those the product starts with.
import { describe, expect, it } from 'vitest';
import { readConfig } from '#platform/config/config.ts';
import { configSchema } from '#platform/config/variables.ts';
import {
  type Body,
  computed,
  EXAMPLE,
  nested,
  PROJECT_NUMBER,
  readConfiguration,
  resolve,
  type Value,
} from './configuration.ts';

const { blocks, defaultOf, example, local, localNames, resource, services } =
  await readConfiguration();

describe('environment variables', () => {
  const references = () => {
    const urls = ['intake', 'worker', 'control'].map(
      (role) =>
        [
          `local.urls.${role}`,
          `https://tributary-${role}-${PROJECT_NUMBER}.${example.region}.run.app`,
        ] as const,
    );
    const users = ['intake', 'worker', 'control'].map(
      (role) =>
        [
          `module.database.users["${role}"]`,
          `tributary-${role}@${example.project_id}.iam`,
        ] as const,
    );
    const defaults = blocks('variable', EXAMPLE).flatMap(({ name, body }) =>
      typeof body.default === 'object' ? [] : [[`var.${name}`, String(body.default)] as const],
    );
    const given = Object.entries(example).map(
      ([name, value]) => [`var.${name}`, String(value)] as const,
    );
    return new Map<string, string>([
      ...defaults,
      ...given,
      ...urls,
      ...users,
      ['local.task_audience', String(local(EXAMPLE, 'task_audience'))],
      ['module.database.connection_name', `${example.project_id}:${example.region}:tributary`],
      ['module.database.database', String(resource('google_sql_database', 'this').name)],
      [
        'module.identities.emails["scheduler"]',
        `tributary-scheduler@${example.project_id}.iam.gserviceaccount.com`,
      ],
      ['module.warehouse.dataset_id', 'tributary'],
    ]);
  };
  const resolved = (map: Value | undefined): Record<string, string> =>
    Object.fromEntries(
      Object.entries((map ?? {}) as Body).map(([name, value]) => [
        name,
        resolve(String(value), references()),
      ]),
    );
  const plain = (role: string): Record<string, string> => ({
    ...resolved(local(EXAMPLE, 'common_env')),
    ...resolved(local(EXAMPLE, `${role}_env`)),
  });
  const secret = (role: string): string[] =>
    localNames(EXAMPLE).includes(`${role}_secret_env`)
      ? Object.keys(local(EXAMPLE, `${role}_secret_env`) as Body)
      : [];
  const whole = (role: string) => ({
    ...plain(role),
    ...Object.fromEntries(secret(role).map((name) => [name, 'a-secret-of-20-letters'])),
    PORT: '8080',
  });
  const ROLES = ['intake', 'worker', 'control'];

  it.each(ROLES)('%s gets the maps that are tested here', (role) => {
    const { body } = services().find((block) => block.name === role) ?? { body: {} as Body };
    expect(body.env).toBe(computed(`merge(local.common_env, local.${role}_env)`));
    expect(body.secret_env).toBe(
      secret(role).length > 0 ? computed(`local.${role}_secret_env`) : undefined,
    );
    expect(body.role).toBe(role);
  });

  it.each(ROLES)('%s starts with them', (role) => {
    const config = readConfig(whole(role));
    expect([...config.roles]).toEqual([role]);
    expect(config).toMatchObject({ platform: 'gcp', host: '0.0.0.0', port: 8080 });
    expect(config.gcp).toMatchObject({
      projectId: example.project_id,
      location: example.region,
      datasetLocation: example.bigquery_location,
      database: { user: `tributary-${role}@${example.project_id}.iam`, password: undefined },
    });
  });

  it.each([...ROLES, 'schema'])('%s is given no variable that the code lacks', (role) => {
    const names = Object.keys(
      role === 'schema' ? resolved(local(EXAMPLE, 'schema_env')) : whole(role),
    );
    expect(names.filter((name) => !(name in configSchema.shape))).toEqual([]);
    expect(Object.keys(plain(role)).filter((name) => name === 'PORT')).toEqual([]);
  });

  it('the schema is applied to the dataset that the services use, and all of them see all rows', () => {
    const own = resolved(local(EXAMPLE, 'schema_env'));
    expect(Object.keys(own)).toHaveLength(3);
    expect(resolved(local(EXAMPLE, 'common_env'))).toMatchObject(own);
    const job = resource('google_cloud_run_v2_job', 'schema');
    const [task] = (job.template as Body[]).map((one) => nested(one, 'template'));
    const { args } = nested(task ?? {}, 'containers');
    expect(args).toContain('"schema", "apply", "--reader"');
    expect(args).toContain(`for role in ${JSON.stringify(ROLES).replaceAll(',', ', ')} :`);
  });

  it.each([
    ['intake', 'TRIBUTARY_PUBLIC_URL'],
    ['control', 'TRIBUTARY_PUBLIC_URL'],
    ['control', 'TRIBUTARY_API_TOKEN'],
    ['worker', 'TRIBUTARY_PUBLIC_URL'],
    ['worker', 'TRIBUTARY_WORKER_URL'],
    ['worker', 'TRIBUTARY_TASK_ACCOUNT'],
    ['worker', 'GOOGLE_CLOUD_PROJECT'],
  ])('%s would not start without %s', (role, name) => {
    const { [name]: _, ...others } = whole(role) as Record<string, string>;
    expect(() => readConfig(others)).toThrow(name);
  });

  it('webhooks are addressed to intake, whoever shows the URL', () => {
    for (const role of ['intake', 'worker', 'control'])
      expect(plain(role).TRIBUTARY_PUBLIC_URL).toContain('https://tributary-intake-');
  });

  it.each([
    ['region', 'GOOGLE_CLOUD_LOCATION'],
    ['worker_url', 'TRIBUTARY_WORKER_URL'],
    ['service_account_email', 'TRIBUTARY_TASK_ACCOUNT'],
    ['audience', 'TRIBUTARY_TASK_AUDIENCE'],
  ])('the jobs are made with the %s that the worker knows as %s', (argument, variable) => {
    const scheduler = blocks('module', EXAMPLE).find(({ name }) => name === 'scheduler')?.body;
    expect(resolve(String(scheduler?.[argument]), references())).toBe(plain('worker')[variable]);
  });

  it('all instances together fit the database', () => {
    const most = (name: string) => {
      const variable = blocks('variable', EXAMPLE).find((one) => one.name === name);
      return ((variable?.body.default ?? {}) as Body).max;
    };
    const instances = ROLES.map((role) => Number(most(`${role}_instances`)));
    const pool = Number(references().get('var.database_pool_size'));
    const limit = defaultOf('database', 'max_connections');
    const all = instances.reduce((sum, one) => sum + one) * pool;
    expect(all).toBeGreaterThan(0);
    expect(all).toBeLessThanOrEqual(Number(limit) - 10);
  });
});
