// What Google's documents warn of, and what a loss or an outage would come of.
import { describe, expect, it } from 'vitest';
import { DEFAULT_MAX_ATTEMPTS } from '#services/consumers/deliveries.ts';
import {
  type Body,
  computed,
  EXAMPLE,
  MODULES,
  nested,
  place,
  readConfiguration,
  textsIn,
  type Value,
} from './configuration.ts';

const { blocks, defaultOf, local, resource, resources, services } = await readConfiguration();

describe('traps', () => {
  const written = (types: readonly string[], argument: string) => {
    const found = resources(...types);
    expect(new Set(found.map(({ type }) => type)).size).toBe(types.length);
    return found.filter(({ body }) => !(argument in body)).map(place);
  };

  it('deletion_protection is written out wherever there is one', () => {
    const types = [
      'google_bigquery_table',
      'google_cloud_run_v2_job',
      'google_cloud_run_v2_service',
      'google_secret_manager_secret',
      'google_sql_database_instance',
    ];
    expect(written(types, 'deletion_protection')).toEqual([]);
    const off = blocks('variable').filter(
      ({ name, body }) => name === 'deletion_protection' && body.default !== true,
    );
    expect(off.map(place)).toEqual([]);
  });

  it('the edition of the database is written out, and the tier is one it takes', () => {
    const settings = nested(resource('google_sql_database_instance', 'this'), 'settings');
    expect(settings.edition).toBe('ENTERPRISE');
    expect(defaultOf('database', 'tier')).toMatch(/^db-(custom|f1|g1)-/);
    const flags = (settings.database_flags as Body[]).map(({ name, value }) => [name, value]);
    expect(flags).toContainEqual(['cloudsql.iam_authentication', 'on']);
    expect(nested(settings, 'ip_configuration').ipv4_enabled).toBe(false);
    expect(nested(settings, 'backup_configuration')).toMatchObject({
      enabled: true,
      point_in_time_recovery_enabled: true,
    });
  });

  it('cpu_idle is written out, and off where work goes on after an answer', () => {
    const { template } = resource('google_cloud_run_v2_service', 'this');
    const [container] = (template as Body[]).map((one) => nested(one, 'containers'));
    expect(nested(container ?? {}, 'resources').cpu_idle).toBe(computed('var.cpu_idle'));
    const idle = services().map(({ name, body }) => [name, body.cpu_idle]);
    expect(Object.fromEntries(idle)).toEqual({ intake: false, worker: false, control: true });
  });

  it('a service gets traffic once it is ready, and starts again once it is dead', () => {
    const { template } = resource('google_cloud_run_v2_service', 'this');
    const [container] = (template as Body[]).map((one) => nested(one, 'containers'));
    const path = (probe: string) => nested(nested(container ?? {}, probe), 'http_get').path;
    expect([path('startup_probe'), path('liveness_probe')]).toEqual(['/readyz', '/healthz']);
  });

  it('the BigQuery subscription waits for the access of its writer and keeps whole messages', () => {
    const subscriptions = resources('google_pubsub_subscription').filter(
      ({ body }) => 'bigquery_config' in body,
    );
    expect(subscriptions).toHaveLength(1);
    for (const { body } of subscriptions) {
      expect(textsIn(body.depends_on)).toContain(
        computed('google_bigquery_table_iam_member.published_writer'),
      );
      // The table has the five columns of a message, and its body whole.
      expect(nested(body, 'bigquery_config')).toMatchObject({
        write_metadata: true,
        use_table_schema: false,
        use_topic_schema: false,
      });
    }
  });

  it('dead letters are kept, and Pub/Sub may move messages there', () => {
    const subscriptions = resources('google_pubsub_subscription');
    const targets = subscriptions.flatMap(({ body }) =>
      'dead_letter_policy' in body ? [nested(body, 'dead_letter_policy').dead_letter_topic] : [],
    );
    expect(targets).toHaveLength(2);
    const kept = subscriptions.map(({ body }) => body.topic);
    expect(targets.filter((topic) => !kept.includes(topic ?? null))).toEqual([]);
    const agent = computed('local.service_agent');
    expect(resource('google_pubsub_topic_iam_member', 'dead_letter')).toMatchObject({
      role: 'roles/pubsub.publisher',
      member: agent,
    });
    for (const name of ['published_dead_letter', 'consumer_dead_letter'])
      expect(resource('google_pubsub_subscription_iam_member', name)).toMatchObject({
        role: 'roles/pubsub.subscriber',
        member: agent,
      });
  });

  it('Pub/Sub gives up long after the consumer does, which counts', () => {
    const consumer = resource('google_pubsub_subscription', 'consumer');
    const attempts = nested(consumer, 'dead_letter_policy').max_delivery_attempts;
    expect(attempts).toBe(100);
    expect(attempts).toBeGreaterThan(DEFAULT_MAX_ATTEMPTS);
  });

  it('the worker may keep the dead letters, and whoever retries them may publish', () => {
    const keeper = resource('google_pubsub_subscription_iam_member', 'dead_letter_keeper');
    expect(textsIn(keeper.for_each)).toEqual([
      computed('toset(["roles/pubsub.subscriber", "roles/pubsub.viewer"])'),
    ]);
    expect(keeper).toMatchObject({
      subscription: computed('google_pubsub_subscription.dead_letter.name'),
      member: computed('var.consumer_member'),
    });
    const publishers = blocks('module', EXAMPLE).find(({ name }) => name === 'bus')?.body
      .publishers;
    expect(textsIn(publishers).join()).toContain('"control"');
  });

  it('no subscription expires', () => {
    for (const { body } of resources('google_pubsub_subscription'))
      expect(nested(body, 'expiration_policy').ttl).toBe('');
  });

  it('the events topic keeps messages for a week at least', () => {
    const retention = resource('google_pubsub_topic', 'events').message_retention_duration;
    expect(retention).toBe(`${computed('var.events_retention_days * 24 * 3600')}s`);
    expect(defaultOf('bus', 'events_retention_days')).toBeGreaterThanOrEqual(7);
  });

  it('no secret value stands in the configuration or would stand in the state', () => {
    expect(resources('google_secret_manager_secret_version').map(place)).toEqual([]);
    const named = (value: Value | undefined): string[] =>
      typeof value !== 'object' || value === null
        ? []
        : Object.entries(value).flatMap(([name, inner]) => [name, ...named(inner)]);
    const suspicious = [...blocks('resource'), ...blocks('module')].flatMap((block) =>
      named(block.body).filter((name) =>
        /^(password|secret_data|root_password|private_key)$/.test(name),
      ),
    );
    expect(suspicious).toEqual([]);
    const plainNames = [
      'common_env',
      'intake_env',
      'worker_env',
      'control_env',
      'schema_env',
    ].flatMap((map) => Object.keys(local(EXAMPLE, map) as Body));
    expect(plainNames.filter((name) => /TOKEN|PASSWORD|SECRET$|_KEY$/.test(name))).toEqual([]);
  });

  it('the API of every resource is turned on', () => {
    const apis: Readonly<Record<string, string>> = {
      artifact: 'artifactregistry',
      bigquery: 'bigquery',
      cloud_run: 'run',
      cloud_scheduler: 'cloudscheduler',
      compute: 'compute',
      logging: 'logging',
      monitoring: 'monitoring',
      project_iam: 'iam',
      pubsub: 'pubsub',
      secret_manager: 'secretmanager',
      service_account: 'iam',
      service_networking: 'servicenetworking',
      sql: 'sqladmin',
    };
    const on = local(`${MODULES}/project-services`, 'services');
    const types = new Set(blocks('resource').map(({ type }) => type));
    types.delete('google_project_service');
    for (const type of types) {
      const prefix = Object.keys(apis).find((one) => type.startsWith(`google_${one}`));
      expect(on, type).toContain(`${apis[prefix ?? ''] ?? type}.googleapis.com`);
    }
  });
});
