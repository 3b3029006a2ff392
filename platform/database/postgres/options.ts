import type { ConnectionOptions } from 'node:tls';
import type { CustomTypesConfig, PoolConfig } from 'pg';
import type { CloudSqlConnection, CloudSqlConnector } from './cloud-sql.ts';

/** A server reached by address. */
export interface ServerConnection {
  /** Name or address, or the folder of its Unix socket, which begins with a slash. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** None where the server asks for none, or takes the certificate in `ssl`. */
  readonly password?: string;
  /** Default false: plain text. */
  readonly ssl?: boolean | ConnectionOptions;
}

export type PostgresConnection = ServerConnection | CloudSqlConnection;

export interface PostgresOptions {
  readonly connection: PostgresConnection;
  /** Most connections at once. Default 10. */
  readonly poolSize?: number;
  /** How long one statement may run, waits for locks included. Default 30,000 ms. */
  readonly statementTimeoutMs?: number;
  /** How long to wait for a connection, new or from the pool. Default 5,000 ms. */
  readonly connectTimeoutMs?: number;
  /** How long a transaction may wait for its own body before it is rolled back. Default 30,000 ms. */
  readonly idleTransactionTimeoutMs?: number;
  /** How long `close` waits for the work under way. Default 5,000 ms. */
  readonly closeTimeoutMs?: number;
  /** Default `sql/postgres`. */
  readonly migrationsDir?: string;
  /** Default Google's connector, loaded when it is needed. Tests put another here. */
  readonly makeConnector?: () => Promise<CloudSqlConnector>;
  /** Told of what no caller sees: the loss of a connection that was not in use. */
  readonly onError?: (message: string, error: unknown) => void;
}

export interface Limits {
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly idleTransactionTimeoutMs: number;
  readonly closeTimeoutMs: number;
}

/** The options' limits, with the defaults where they say nothing. */
export function limitsOf(options: PostgresOptions): Limits {
  return {
    poolSize: options.poolSize ?? 10,
    statementTimeoutMs: options.statementTimeoutMs ?? 30_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    idleTransactionTimeoutMs: options.idleTransactionTimeoutMs ?? 30_000,
    closeTimeoutMs: options.closeTimeoutMs ?? 5_000,
  };
}

/** How the server is called in messages. */
export function placeOf(connection: PostgresConnection): string {
  return 'cloudSqlInstance' in connection
    ? `Cloud SQL instance ${connection.cloudSqlInstance}`
    : `${connection.host}:${connection.port}`;
}

const KEEP_ALIVE_AFTER_MS = 30_000;
/** A new connection with IAM takes three round trips more than a kept one. */
const IDLE_TIMEOUT_MS = 60_000;

/**
 * The options in pg's words. What pg 8.23 would otherwise read from the environment and from
 * ~/.pgpass (PGPASSWORD, PGSSLMODE, PGHOST) is always given.
 *
 * @param stream makes the sockets of a Cloud SQL instance
 */
export function poolConfig(
  connection: PostgresConnection,
  limits: Limits,
  types: CustomTypesConfig,
  stream?: PoolConfig['stream'],
): PoolConfig {
  const { user, database } = connection;
  return {
    ...address(connection, stream),
    user,
    database,
    types,
    application_name: 'tributary',
    max: limits.poolSize,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    idle_in_transaction_session_timeout: limits.idleTransactionTimeoutMs,
    // The server cannot end a statement whose connection is cut without a word.
    query_timeout: limits.statementTimeoutMs + limits.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  };
}

function address(connection: PostgresConnection, stream: PoolConfig['stream']): PoolConfig {
  if ('cloudSqlInstance' in connection) {
    // The connector's sockets are encrypted and connected already; the address goes unused.
    return { host: 'localhost', port: 5432, ssl: false, password: () => '', stream };
  }
  const { host, port, password = '', ssl = false } = connection;
  // As a function: an empty text would send pg to the environment and to ~/.pgpass.
  return { host, port, ssl, password: () => password };
}
