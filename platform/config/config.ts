import { resolve } from 'node:path';
import type { z } from 'zod';
import { InvalidConfig } from '#schemas/problems.ts';
import { type GcpConfig, readGcpConfig } from './gcp-config.ts';
import { type JwtConfig, readJwtConfig } from './jwt-config.ts';
import { configSchema, type Variables } from './variables.ts';

const MIB = 1024 * 1024;

const ROLES = ['intake', 'worker', 'control'] as const;
export type Role = (typeof ROLES)[number];

export interface Config {
  readonly platform: 'embedded' | 'gcp';
  /** What this process does. */
  readonly roles: ReadonlySet<Role>;
  /** Set exactly when the platform is gcp. */
  readonly gcp: GcpConfig | undefined;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly dataDir: string;
  readonly keyDir: string;
  readonly apiToken: string | undefined;
  readonly tenantId: string;
  /** What the command line sends as X-Org-Id. */
  readonly orgId: string;
  /** The identity provider of users, where there is one. */
  readonly jwt: JwtConfig | undefined;
  /** Stands in for the OAuth servers of all providers. */
  readonly oauthSandboxUrl: string | undefined;
  readonly bodyLimitBytes: number;
  readonly rateLimitPerSecond: number;
  readonly apiRateLimitPerSecond: number;
  /** Proxies whose word about the sender's address is believed. */
  readonly trustedProxies: number;
  readonly acceptDeadlineMs: number;
  readonly acceptPatienceMs: number;
  readonly maxSpoolBytes: number;
  readonly maxJournalBytes: number;
  readonly maxBusLogBytes: number;
  readonly ledgerDays: number;
  /** Undefined for what the platform usually takes. */
  readonly reconcileGraceMs: number | undefined;
  /** 0 when no canaries are sent. */
  readonly canaryMinutes: number;
  readonly logLevel: Variables['TRIBUTARY_LOG_LEVEL'];
}

/**
 * Reads the configuration from environment variables.
 *
 * @throws InvalidConfig naming every variable that is wrong, and unknown ones that look like ours
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const own = Object.entries(env).filter(
    ([name, value]) => value && (name.startsWith('TRIBUTARY_') || name in configSchema.shape),
  );
  const parsed = configSchema.strict().safeParse(Object.fromEntries(own));
  if (!parsed.success) throw invalid(parsed.error);
  const values = parsed.data;
  const onGcp = values.TRIBUTARY_PLATFORM === 'gcp';
  if (!onGcp && values.TRIBUTARY_ROLE !== 'all') {
    throw new InvalidConfig(
      'TRIBUTARY_ROLE is for gcp: the embedded drivers serve one process, which has all roles.',
    );
  }
  const config: Config = {
    platform: values.TRIBUTARY_PLATFORM,
    roles: new Set(values.TRIBUTARY_ROLE === 'all' ? ROLES : [values.TRIBUTARY_ROLE]),
    gcp: onGcp ? readGcpConfig(values) : undefined,
    host: values.TRIBUTARY_HOST,
    port: (env.TRIBUTARY_PORT || !onGcp ? undefined : values.PORT) ?? values.TRIBUTARY_PORT,
    publicUrl: values.TRIBUTARY_PUBLIC_URL?.replace(/\/+$/, ''),
    dataDir: resolve(values.TRIBUTARY_DATA_DIR),
    keyDir: resolve(values.TRIBUTARY_KEY_DIR),
    apiToken: values.TRIBUTARY_API_TOKEN,
    tenantId: values.TRIBUTARY_TENANT_ID,
    orgId: values.TRIBUTARY_ORG_ID,
    jwt: readJwtConfig(values),
    oauthSandboxUrl: values.TRIBUTARY_OAUTH_SANDBOX_URL,
    bodyLimitBytes: values.TRIBUTARY_BODY_LIMIT_BYTES,
    rateLimitPerSecond: values.TRIBUTARY_RATE_LIMIT_PER_SECOND,
    apiRateLimitPerSecond: values.TRIBUTARY_API_RATE_LIMIT_PER_SECOND,
    trustedProxies: values.TRIBUTARY_TRUSTED_PROXIES,
    acceptDeadlineMs: values.TRIBUTARY_ACCEPT_DEADLINE_MS,
    acceptPatienceMs: values.TRIBUTARY_ACCEPT_PATIENCE_MS,
    maxSpoolBytes: values.TRIBUTARY_MAX_SPOOL_MIB * MIB,
    maxJournalBytes: values.TRIBUTARY_MAX_JOURNAL_MIB * MIB,
    maxBusLogBytes: values.TRIBUTARY_MAX_BUS_LOG_MIB * MIB,
    ledgerDays: values.TRIBUTARY_LEDGER_DAYS,
    reconcileGraceMs:
      values.TRIBUTARY_RECONCILE_GRACE_SECONDS && values.TRIBUTARY_RECONCILE_GRACE_SECONDS * 1_000,
    canaryMinutes: values.TRIBUTARY_CANARY_MINUTES,
    logLevel: values.TRIBUTARY_LOG_LEVEL,
  };
  if (`${config.keyDir}/`.startsWith(`${config.dataDir}/`)) {
    throw new InvalidConfig(
      'TRIBUTARY_KEY_DIR lies inside TRIBUTARY_DATA_DIR: a copy of the data would hold its keys. Choose another folder.',
    );
  }
  return config;
}

function invalid(error: z.ZodError): InvalidConfig {
  const faults = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ pointer: `/${key}`, message: 'there is no such variable' }))
      : [{ pointer: `/${issue.path.join('/')}`, message: issue.message }],
  );
  const list = faults.map(({ pointer, message }) => `${pointer.slice(1)}: ${message}`).join('; ');
  return new InvalidConfig(`The environment is not valid: ${list}. See docs/operations.md.`, {
    faults,
  });
}
