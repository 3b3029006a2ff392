import { z } from 'zod';

const MIB = 1024 * 1024;
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const emulator = (what: string) =>
  z
    .string()
    .regex(/^[^\s/:]+:\d{1,5}$/, 'host:port is expected')
    .optional()
    .describe(`host:port of ${what}, spoken to in plain text and without credentials. For tests.`);

const claim = (name: string, what: string) =>
  z
    .string()
    .min(1)
    .max(200)
    .default(name)
    .describe(`Claim of those tokens that holds the ${what}.`);

/** Every variable the product reads. docs/operations.md holds the same table; a test compares. */
export const configSchema = z.object({
  TRIBUTARY_PLATFORM: z
    .enum(['embedded', 'gcp'])
    .default('embedded')
    .describe('Embedded drivers in one process, or Google Cloud.'),
  TRIBUTARY_ROLE: z
    .enum(['all', 'intake', 'worker', 'control'])
    .default('all')
    .describe(
      'What this process does: webhooks, tasks and consumers, the API, or all of it. Embedded: all.',
    ),
  TRIBUTARY_HOST: z.string().default('127.0.0.1').describe('Address to listen on.'),
  TRIBUTARY_PORT: whole(0, 65_535).default(8080).describe('Port to listen on; 0 takes a free one.'),
  PORT: whole(0, 65_535)
    .optional()
    .describe("Cloud Run's name for the port; used on gcp where TRIBUTARY_PORT is not set."),
  TRIBUTARY_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Scheme and host that providers address; signatures cover it. Default: the address listened on; required on gcp.',
    ),
  TRIBUTARY_DATA_DIR: z.string().default('.tributary/data').describe('Folder of all data.'),
  TRIBUTARY_KEY_DIR: z
    .string()
    .default('.tributary/keys')
    .describe('Folder of the keys and the API token; never inside the data folder.'),
  TRIBUTARY_API_TOKEN: z
    .string()
    .min(20)
    .optional()
    .describe(
      'Bearer token of the API. Default: created at first start and kept in the key folder; required on gcp for control.',
    ),
  TRIBUTARY_JWT_ISSUER: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Issuer of users' tokens, as in their claim iss. With it come the next two."),
  TRIBUTARY_JWT_AUDIENCE: z.string().min(1).optional().describe('Audience of those tokens.'),
  TRIBUTARY_JWT_JWKS_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Keys that those tokens are signed with (RS256, PS256, ES256 or EdDSA).'),
  TRIBUTARY_JWT_TENANT_CLAIM: claim('tenant_id', 'tenant'),
  TRIBUTARY_JWT_ORG_CLAIM: claim('org_id', 'organisation; without it a token is of the platform'),
  TRIBUTARY_JWT_ROLE_CLAIM: claim('role', 'role: owner, administrator or member'),
  TRIBUTARY_TENANT_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .default('default')
    .describe('Tenant of the API token, whose administrators run the installation.'),
  TRIBUTARY_ORG_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .default('platform')
    .describe(
      'Organisation that the command line acts for; platform is what all organisations of the tenant share.',
    ),
  TRIBUTARY_OAUTH_SANDBOX_URL: z
    .string()
    .regex(
      /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d{1,5}$/,
      'a sandbox on this machine is expected, such as http://127.0.0.1:9000',
    )
    .optional()
    .describe(
      'A sandbox on this machine that stands in for the OAuth servers of all providers. For tests.',
    ),
  TRIBUTARY_BODY_LIMIT_BYTES: whole(1_024, 64 * MIB)
    .default(4 * MIB)
    .describe('Largest webhook body.'),
  TRIBUTARY_RATE_LIMIT_PER_SECOND: whole(1, 10_000_000)
    .default(1_000)
    .describe('Webhook requests a second for each connection; bursts of twice that.'),
  TRIBUTARY_API_RATE_LIMIT_PER_SECOND: whole(1, 1_000_000)
    .default(50)
    .describe('API requests a second for each credential; bursts of twice that.'),
  TRIBUTARY_TRUSTED_PROXIES: whole(0, 10)
    .default(0)
    .describe(
      'How many proxies stand in front. Each adds an address to X-Forwarded-For, and the one before them is the sender. 0 takes the address of the connection.',
    ),
  TRIBUTARY_ACCEPT_DEADLINE_MS: whole(100, 60_000)
    .default(2_500)
    .describe('Longest wait for a durable confirmation before a sender is told to retry.'),
  TRIBUTARY_ACCEPT_PATIENCE_MS: whole(50, 60_000)
    .default(400)
    .describe(
      'How long outbox and bus are both waited for. Then one confirmation is enough; without any, events go to the spool.',
    ),
  TRIBUTARY_MAX_SPOOL_MIB: whole(1, 1_000_000)
    .default(512)
    .describe('Bound of the spool in Postgres; past it senders get 503.'),
  TRIBUTARY_MAX_JOURNAL_MIB: whole(16, 1_000_000)
    .default(1_024)
    .describe('Bound of what waits on disk to be read into a warehouse table.'),
  TRIBUTARY_MAX_BUS_LOG_MIB: whole(16, 1_000_000)
    .default(1_024)
    .describe('Bound of what the in-process bus keeps for subscriptions that are behind.'),
  TRIBUTARY_LEDGER_DAYS: whole(7, 3_650)
    .default(14)
    .describe(
      'How long consumers remember which events they processed, and the resolver what it resolved.',
    ),
  TRIBUTARY_RECONCILE_GRACE_SECONDS: whole(5, 3_600)
    .optional()
    .describe(
      'How old an event must be before its missing proof or outbox row counts as a gap. Default: 300 on gcp, 10 embedded.',
    ),
  TRIBUTARY_CANARY_MINUTES: whole(0, 1_440)
    .default(0)
    .describe('A synthetic event for each active connection in every such interval; 0 sends none.'),
  TRIBUTARY_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe log line that is written.'),
  GOOGLE_CLOUD_PROJECT: z
    .string()
    .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'a project id is expected, such as my-project-1')
    .optional()
    .describe('Project of topics, dataset, secrets and jobs. Required on gcp.'),
  GOOGLE_CLOUD_LOCATION: z
    .string()
    .regex(/^[a-z]+-[a-z]+\d+$/, 'a region is expected, such as europe-west1')
    .default('us-central1')
    .describe('Region of the Cloud Scheduler jobs.'),
  TRIBUTARY_BIGQUERY_DATASET: z
    .string()
    .regex(/^[A-Za-z0-9_]{1,1024}$/)
    .default('tributary')
    .describe('Dataset of all tables.'),
  TRIBUTARY_BIGQUERY_LOCATION: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/)
    .default('US')
    .describe('Location of the dataset.'),
  TRIBUTARY_BIGQUERY_CONNECTIONS: whole(1, 100)
    .default(4)
    .describe('Most connections to append by, for each table; each has one append in flight.'),
  TRIBUTARY_SECRET_PREFIX: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,30}$/)
    .default('tributary')
    .describe("Beginning of this installation's secret ids."),
  TRIBUTARY_CLOUD_SQL_INSTANCE: z
    .string()
    .regex(/^[^\s:]+(:[^\s:]+)?:[^\s:]+:[^\s:]+$/, 'project:region:instance is expected')
    .optional()
    .describe('Cloud SQL instance, reached by its connector with IAM. Default: PGHOST.'),
  TRIBUTARY_CLOUD_SQL_IP: z
    .enum(['PRIVATE', 'PUBLIC', 'PSC'])
    .default('PRIVATE')
    .describe('Which address of the instance.'),
  TRIBUTARY_DATABASE_POOL_SIZE: whole(1, 500)
    .default(10)
    .describe('Most connections to Postgres at once.'),
  PGHOST: z.string().default('127.0.0.1').describe('Postgres, where no Cloud SQL instance is set.'),
  PGPORT: whole(1, 65_535).default(5432).describe('Port of Postgres.'),
  PGUSER: z
    .string()
    .default('tributary')
    .describe('Role; with IAM the service account without .gserviceaccount.com.'),
  PGPASSWORD: z.string().optional().describe('Password of the role; none with IAM.'),
  PGDATABASE: z.string().default('tributary').describe('Database.'),
  TRIBUTARY_WORKER_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Origin of the worker that scheduled jobs call. Required on gcp for all and worker.'),
  TRIBUTARY_TASK_ACCOUNT: z
    .email()
    .optional()
    .describe('Service account whose tokens task calls carry. Required on gcp for all and worker.'),
  TRIBUTARY_TASK_AUDIENCE: z
    .string()
    .default('tributary-tasks')
    .describe('Audience of those tokens.'),
  TRIBUTARY_TASK_ISSUER: z
    .string()
    .default('https://accounts.google.com')
    .describe('Issuer of those tokens.'),
  TRIBUTARY_TASK_JWKS_URL: z
    .url()
    .default('https://www.googleapis.com/oauth2/v3/certs')
    .describe('Keys that those tokens are signed with.'),
  PUBSUB_EMULATOR_HOST: emulator('the Pub/Sub emulator'),
  BIGQUERY_EMULATOR_HOST: emulator("a BigQuery emulator's REST side"),
  BIGQUERY_STORAGE_EMULATOR_HOST: emulator("a BigQuery emulator's Storage API side"),
  SECRET_MANAGER_EMULATOR_HOST: emulator('a stand-in for Secret Manager'),
  CLOUD_SCHEDULER_EMULATOR_HOST: emulator('a stand-in for Cloud Scheduler'),
});

export type Variables = z.infer<typeof configSchema>;
