/**
 * SQLSTATE classes and codes that say the server cannot serve at the moment, whatever the statement
 * was. Source: PostgreSQL manual, appendix A "PostgreSQL Error Codes".
 */
const UNAVAILABLE_CLASSES: ReadonlySet<string> = new Set([
  '08', // connection exception
  '53', // insufficient resources: disk full, out of memory, too many connections
  '58', // system error outside PostgreSQL itself, such as an I/O error
]);
const UNAVAILABLE_CODES: ReadonlySet<string> = new Set([
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
]);

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** The SQLSTATE of an error a Postgres driver threw; undefined when it is no answer of the server. */
export function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && SQLSTATE.test(code) ? code : undefined;
}

/** True when the code means "not now" and not "not this statement". */
export function meansUnavailable(sqlState: string): boolean {
  return UNAVAILABLE_CLASSES.has(sqlState.slice(0, 2)) || UNAVAILABLE_CODES.has(sqlState);
}
