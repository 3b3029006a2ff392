import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvalidConfig } from '#schemas/problems.ts';
import { type Config, readConfig } from './config.ts';

const MIB = 1024 * 1024;
const TOKEN = 'a-token-of-at-least-twenty-letters';

const good: readonly { name: string; env: NodeJS.ProcessEnv; config: Partial<Config> }[] = [
  {
    name: 'nothing: the defaults',
    env: {},
    config: {
      host: '127.0.0.1',
      port: 8080,
      publicUrl: undefined,
      dataDir: resolve('.tributary/data'),
      keyDir: resolve('.tributary/keys'),
      apiToken: undefined,
      tenantId: 'default',
      bodyLimitBytes: 4 * MIB,
      acceptDeadlineMs: 2_500,
      logLevel: 'info',
    },
  },
  {
    name: 'variables that are set to nothing: the defaults too',
    env: { TRIBUTARY_PORT: '', TRIBUTARY_PUBLIC_URL: '', TRIBUTARY_API_TOKEN: '' },
    config: { port: 8080, publicUrl: undefined, apiToken: undefined },
  },
  {
    name: 'variables of others',
    env: { PATH: '/bin', TRIBUTARYX: '1', tributary_port: '1', NODE_ENV: 'test' },
    config: { port: 8080 },
  },
  { name: 'a free port', env: { TRIBUTARY_PORT: '0' }, config: { port: 0 } },
  { name: 'the last port', env: { TRIBUTARY_PORT: '65535' }, config: { port: 65_535 } },
  { name: 'an IPv6 address', env: { TRIBUTARY_HOST: '::1' }, config: { host: '::1' } },
  {
    name: 'a public URL, without slashes at its end',
    env: { TRIBUTARY_PUBLIC_URL: 'https://hooks.example.com/base//' },
    config: { publicUrl: 'https://hooks.example.com/base' },
  },
  {
    name: 'folders, as absolute paths',
    env: { TRIBUTARY_DATA_DIR: 'a/../data', TRIBUTARY_KEY_DIR: '/run/keys' },
    config: { dataDir: resolve('data'), keyDir: '/run/keys' },
  },
  {
    name: 'a key folder beside the data folder that begins like it',
    env: { TRIBUTARY_DATA_DIR: '/srv/data', TRIBUTARY_KEY_DIR: '/srv/data-keys' },
    config: { keyDir: '/srv/data-keys' },
  },
  { name: 'a token', env: { TRIBUTARY_API_TOKEN: TOKEN }, config: { apiToken: TOKEN } },
  {
    name: 'sizes in bytes',
    env: { TRIBUTARY_BODY_LIMIT_BYTES: '1024', TRIBUTARY_MAX_JOURNAL_MIB: '16' },
    config: { bodyLimitBytes: 1_024, maxJournalBytes: 16 * MIB },
  },
  {
    name: "others' port, on a laptop",
    env: { PORT: '3000' },
    config: { port: 8080, platform: 'embedded', gcp: undefined },
  },
  { name: 'all roles', env: {}, config: { roles: new Set(['intake', 'worker', 'control']) } },
  { name: 'a level', env: { TRIBUTARY_LOG_LEVEL: 'silent' }, config: { logLevel: 'silent' } },
];

const bad: readonly { name: string; env: NodeJS.ProcessEnv; says: RegExp }[] = [
  {
    name: 'a variable there is not',
    env: { TRIBUTARY_PROT: '80' },
    says: /TRIBUTARY_PROT: there is no such variable/,
  },
  { name: 'a port that is no number', env: { TRIBUTARY_PORT: 'http' }, says: /TRIBUTARY_PORT: / },
  { name: 'half a port', env: { TRIBUTARY_PORT: '80.5' }, says: /TRIBUTARY_PORT: / },
  { name: 'a port too high', env: { TRIBUTARY_PORT: '65536' }, says: /TRIBUTARY_PORT: / },
  { name: 'a port below 0', env: { TRIBUTARY_PORT: '-1' }, says: /TRIBUTARY_PORT: / },
  {
    name: 'a public URL without a scheme',
    env: { TRIBUTARY_PUBLIC_URL: 'hooks.example.com' },
    says: /TRIBUTARY_PUBLIC_URL: /,
  },
  {
    name: 'a public URL of another scheme',
    env: { TRIBUTARY_PUBLIC_URL: 'ftp://hooks.example.com' },
    says: /TRIBUTARY_PUBLIC_URL: /,
  },
  { name: 'a short token', env: { TRIBUTARY_API_TOKEN: 'short' }, says: /TRIBUTARY_API_TOKEN: / },
  { name: 'a tenant with a slash', env: { TRIBUTARY_TENANT_ID: 'a/b' }, says: /TENANT_ID: / },
  { name: 'a long tenant', env: { TRIBUTARY_TENANT_ID: 'a'.repeat(65) }, says: /TENANT_ID: / },
  { name: 'no body', env: { TRIBUTARY_BODY_LIMIT_BYTES: '0' }, says: /BODY_LIMIT_BYTES: / },
  { name: 'no rate', env: { TRIBUTARY_RATE_LIMIT_PER_SECOND: '0' }, says: /RATE_LIMIT/ },
  { name: 'no patience', env: { TRIBUTARY_ACCEPT_DEADLINE_MS: '99' }, says: /ACCEPT_DEADLINE_MS/ },
  { name: 'a short memory', env: { TRIBUTARY_LEDGER_DAYS: '6' }, says: /TRIBUTARY_LEDGER_DAYS: / },
  {
    name: 'a platform there is not',
    env: { TRIBUTARY_PLATFORM: 'aws' },
    says: /TRIBUTARY_PLATFORM: /,
  },
  {
    name: 'one role of several, on the embedded drivers',
    env: { TRIBUTARY_ROLE: 'intake' },
    says: /TRIBUTARY_ROLE is for gcp/,
  },
  { name: 'a level there is not', env: { TRIBUTARY_LOG_LEVEL: 'loud' }, says: /LOG_LEVEL: / },
  {
    name: 'keys in the data folder itself',
    env: { TRIBUTARY_DATA_DIR: '/srv/data', TRIBUTARY_KEY_DIR: '/srv/x/../data/' },
    says: /TRIBUTARY_KEY_DIR lies inside TRIBUTARY_DATA_DIR/,
  },
  {
    name: 'keys below the data folder',
    env: { TRIBUTARY_DATA_DIR: '/srv/data', TRIBUTARY_KEY_DIR: join('/srv/data', 'a', 'keys') },
    says: /TRIBUTARY_KEY_DIR lies inside TRIBUTARY_DATA_DIR/,
  },
];

const GCP = {
  TRIBUTARY_PLATFORM: 'gcp',
  GOOGLE_CLOUD_PROJECT: 'acme-events',
  TRIBUTARY_PUBLIC_URL: 'https://hooks.example.com',
};
const TASKS = {
  TRIBUTARY_WORKER_URL: 'https://worker.example.com/',
  TRIBUTARY_TASK_ACCOUNT: 'scheduler@acme-events.iam.gserviceaccount.com',
};

interface RoleCase {
  readonly role: string;
  readonly env: NodeJS.ProcessEnv;
  readonly missing: readonly string[];
}

const roleCases: readonly RoleCase[] = [
  {
    role: 'intake',
    env: {},
    missing: ['/GOOGLE_CLOUD_PROJECT', '/TRIBUTARY_PUBLIC_URL'],
  },
  { role: 'intake', env: GCP, missing: [] },
  {
    role: 'worker',
    env: { GOOGLE_CLOUD_PROJECT: 'acme-events' },
    missing: ['/TRIBUTARY_PUBLIC_URL', '/TRIBUTARY_TASK_ACCOUNT', '/TRIBUTARY_WORKER_URL'],
  },
  { role: 'worker', env: { ...GCP, ...TASKS }, missing: [] },
  { role: 'control', env: GCP, missing: ['/TRIBUTARY_API_TOKEN'] },
  { role: 'control', env: { ...GCP, TRIBUTARY_API_TOKEN: TOKEN }, missing: [] },
  {
    role: 'all',
    env: GCP,
    missing: ['/TRIBUTARY_API_TOKEN', '/TRIBUTARY_TASK_ACCOUNT', '/TRIBUTARY_WORKER_URL'],
  },
];

function refusal(env: NodeJS.ProcessEnv): InvalidConfig {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof InvalidConfig) return error;
    throw error;
  }
  throw new Error('the environment was taken');
}

describe('configuration', () => {
  it.each(good)('takes $name', ({ env, config }) => {
    expect(readConfig(env)).toMatchObject(config);
  });

  it.each(bad)('refuses $name', ({ env, says }) => {
    expect(refusal(env).message).toMatch(says);
  });

  it.each(roleCases)('on gcp, $role needs $missing besides $env', ({ role, env, missing }) => {
    const full = { ...env, TRIBUTARY_PLATFORM: 'gcp', TRIBUTARY_ROLE: role };
    if (missing.length === 0) {
      expect(readConfig(full)).toMatchObject({
        platform: 'gcp',
        gcp: { projectId: 'acme-events' },
      });
    } else {
      const faults = refusal(full).faults.map(({ pointer }) => pointer);
      expect(faults.toSorted()).toEqual(missing);
    }
  });

  it('reads what Google Cloud needs, under the names that Google and Postgres give', () => {
    const config = readConfig({
      ...GCP,
      ...TASKS,
      TRIBUTARY_ROLE: 'worker',
      PORT: '9000',
      GOOGLE_CLOUD_LOCATION: 'europe-west1',
      TRIBUTARY_CLOUD_SQL_INSTANCE: 'acme-events:europe-west1:tributary',
      PGUSER: 'worker@acme-events.iam',
      PUBSUB_EMULATOR_HOST: 'localhost:8085',
    });
    expect(config).toMatchObject({ port: 9000, roles: new Set(['worker']) });
    expect(config.gcp).toMatchObject({
      location: 'europe-west1',
      dataset: 'tributary',
      database: {
        cloudSqlInstance: 'acme-events:europe-west1:tributary',
        user: 'worker@acme-events.iam',
        ipType: 'PRIVATE',
      },
      tasks: { workerUrl: 'https://worker.example.com', issuer: 'https://accounts.google.com' },
      emulators: { pubsub: { host: 'localhost', port: 8085 }, bigquery: undefined },
    });
  });

  it('refuses an emulator without a port, and a project that is none', () => {
    const env = { ...GCP, PUBSUB_EMULATOR_HOST: 'localhost', GOOGLE_CLOUD_PROJECT: 'Acme!' };
    const pointers = refusal({ ...env, TRIBUTARY_ROLE: 'intake' }).faults.map((one) => one.pointer);
    expect(pointers.toSorted()).toEqual(['/GOOGLE_CLOUD_PROJECT', '/PUBSUB_EMULATOR_HOST']);
  });

  it('names everything that is wrong at once', () => {
    const env = {
      TRIBUTARY_PORT: 'x',
      TRIBUTARY_LOG_LEVEL: 'y',
      TRIBUTARY_A: '1',
      TRIBUTARY_B: '',
    };
    const pointers = refusal(env).faults.map(({ pointer }) => pointer);
    expect(pointers.sort()).toEqual(['/TRIBUTARY_A', '/TRIBUTARY_LOG_LEVEL', '/TRIBUTARY_PORT']);
  });

  it('never shows the token', () => {
    const error = refusal({ TRIBUTARY_API_TOKEN: 'hidden', TRIBUTARY_PORT: 'x' });
    expect(JSON.stringify([error.message, error.faults])).not.toContain('hidden');
  });
});
