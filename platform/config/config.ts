import { resolve } from 'node:path';
import { z } from 'zod';
import { InvalidConfig } from '#schemas/problems.ts';

const MIB = 1024 * 1024;
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** Every variable the product reads. docs/operations.md holds the same table; a test compares. */
export const configSchema = z.object({
  TRIBUTARY_HOST: z.string().default('127.0.0.1').describe('Address to listen on.'),
  TRIBUTARY_PORT: whole(0, 65_535).default(8080).describe('Port to listen on; 0 takes a free one.'),
  TRIBUTARY_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Scheme and host that providers address; signatures cover it. Default: the address listened on.',
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
      'Bearer token of the API. Default: created at first start and kept in the key folder.',
    ),
  TRIBUTARY_TENANT_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .default('default')
    .describe('Tenant of the embedded single-tenant server.'),
  TRIBUTARY_BODY_LIMIT_BYTES: whole(1_024, 64 * MIB)
    .default(4 * MIB)
    .describe('Largest webhook body.'),
  TRIBUTARY_RATE_LIMIT_PER_SECOND: whole(1, 10_000_000)
    .default(1_000)
    .describe('Webhook requests a second for each connection; bursts of twice that.'),
  TRIBUTARY_ACCEPT_DEADLINE_MS: whole(100, 60_000)
    .default(2_500)
    .describe('Longest wait for a durable confirmation before a sender is told to retry.'),
  TRIBUTARY_MAX_JOURNAL_MIB: whole(16, 1_000_000)
    .default(1_024)
    .describe('Bound of what waits on disk to be read into a warehouse table.'),
  TRIBUTARY_MAX_BUS_LOG_MIB: whole(16, 1_000_000)
    .default(1_024)
    .describe('Bound of what the in-process bus keeps for subscriptions that are behind.'),
  TRIBUTARY_LEDGER_DAYS: whole(7, 3_650)
    .default(14)
    .describe('How long consumers remember which events they processed.'),
  TRIBUTARY_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe log line that is written.'),
});

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly dataDir: string;
  readonly keyDir: string;
  readonly apiToken: string | undefined;
  readonly tenantId: string;
  readonly bodyLimitBytes: number;
  readonly rateLimitPerSecond: number;
  readonly acceptDeadlineMs: number;
  readonly maxJournalBytes: number;
  readonly maxBusLogBytes: number;
  readonly ledgerDays: number;
  readonly logLevel: z.infer<typeof configSchema>['TRIBUTARY_LOG_LEVEL'];
}

/**
 * Reads the configuration from environment variables.
 *
 * @throws InvalidConfig naming every variable that is wrong, and unknown ones that look like ours
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const own = Object.entries(env).filter(([name, value]) => name.startsWith('TRIBUTARY_') && value);
  const parsed = configSchema.strict().safeParse(Object.fromEntries(own));
  if (!parsed.success) throw invalid(parsed.error);
  const values = parsed.data;
  const config: Config = {
    host: values.TRIBUTARY_HOST,
    port: values.TRIBUTARY_PORT,
    publicUrl: values.TRIBUTARY_PUBLIC_URL?.replace(/\/+$/, ''),
    dataDir: resolve(values.TRIBUTARY_DATA_DIR),
    keyDir: resolve(values.TRIBUTARY_KEY_DIR),
    apiToken: values.TRIBUTARY_API_TOKEN,
    tenantId: values.TRIBUTARY_TENANT_ID,
    bodyLimitBytes: values.TRIBUTARY_BODY_LIMIT_BYTES,
    rateLimitPerSecond: values.TRIBUTARY_RATE_LIMIT_PER_SECOND,
    acceptDeadlineMs: values.TRIBUTARY_ACCEPT_DEADLINE_MS,
    maxJournalBytes: values.TRIBUTARY_MAX_JOURNAL_MIB * MIB,
    maxBusLogBytes: values.TRIBUTARY_MAX_BUS_LOG_MIB * MIB,
    ledgerDays: values.TRIBUTARY_LEDGER_DAYS,
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
