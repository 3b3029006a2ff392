import { status as Code } from '@grpc/grpc-js';
import protobuf from 'protobufjs/minimal.js';
import { grpcCode, missingPermission } from '#platform/google/call-error.ts';
import { Problem } from '#schemas/problem.ts';
import {
  InvalidRow,
  PermissionMissing,
  ResourceMissing,
  SchemaMismatch,
  WarehouseUnavailable,
} from '#schemas/problems.ts';
import type { Table } from '#schemas/tables.ts';
import type { AppendAnswer, RowError } from './storage-client.ts';

/**
 * What to do about a call that failed: send it again, send it again later, blame the rows, or wait
 * for an operator.
 */
export type Verdict = 'again' | 'later' | 'rows' | 'operator';

const VERDICTS: Partial<Record<Code, Verdict>> = {
  [Code.INVALID_ARGUMENT]: 'rows',
  [Code.OUT_OF_RANGE]: 'rows',
  [Code.RESOURCE_EXHAUSTED]: 'later',
  [Code.NOT_FOUND]: 'operator',
  [Code.PERMISSION_DENIED]: 'operator',
  [Code.UNAUTHENTICATED]: 'operator',
};

/**
 * All other codes are sent again, ALREADY_EXISTS too: it is about offsets, which a default stream has
 * none of, so it cannot mean that these rows are stored.
 */
export function verdictOf(error: unknown): Verdict {
  if (error instanceof Problem) return 'operator';
  const code = grpcCode(error);
  return (code !== undefined && VERDICTS[code]) || 'again';
}

/** An error in an answer, or row errors without one. Undefined when the rows are stored. */
export function refusalOf(answer: AppendAnswer): (AppendAnswer['error'] & object) | undefined {
  if (answer.error?.code) return answer.error;
  if (answer.rowErrors?.length) return { code: Code.INVALID_ARGUMENT };
  // Google's proto: an answer holds one or the other.
  return answer.appendResult ? undefined : { code: Code.INTERNAL, message: 'an empty answer' };
}

/** The problem of a call that an operator must put right. */
export function operatorProblem(error: unknown, where: string): Problem {
  if (error instanceof Problem) return error;
  const cause = error;
  const code = grpcCode(error);
  if (code === Code.NOT_FOUND) {
    return new ResourceMissing(`There is no ${where} in BigQuery. Run: tributary schema apply.`, {
      cause,
    });
  }
  if (code === Code.UNAUTHENTICATED) {
    return new PermissionMissing(
      `Google did not accept the credentials of this process for ${where}.`,
      { cause },
    );
  }
  const asked = { permission: 'bigquery.tables.updateData', resource: where };
  const { permission, resource } = missingPermission(error, asked);
  return new PermissionMissing(
    `The service account lacks ${permissionName(permission)} on ${resource}, or that does not exist.`,
    { cause },
  );
}

/** The Storage API says TABLES_UPDATE_DATA where IAM says bigquery.tables.updateData. */
function permissionName(name: string): string {
  if (!/^[A-Z]+_[A-Z_]+$/.test(name)) return name;
  const [kind = '', ...words] = name.toLowerCase().split('_');
  const verb = words.map((word, index) => (index > 0 ? capitalised(word) : word)).join('');
  return `bigquery.${kind}.${verb}`;
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

export function unconfirmed(where: string, timeoutMs: number, cause: unknown): Problem {
  return new WarehouseUnavailable(
    `BigQuery did not confirm an append to ${where} within ${timeoutMs} ms. It may have been written.`,
    { cause },
  );
}

/**
 * The problem of rows that BigQuery refused without saying which. Without a cause: what BigQuery says
 * about rows may quote them.
 */
export function refusedRows(error: unknown, table: Table): Problem {
  const { message, details } = (error ?? {}) as { message?: string; details?: unknown };
  if (isAboutSchema(details) || ABOUT_SCHEMA.test(String(message))) {
    return new SchemaMismatch(
      `BigQuery does not take the columns of ${table.name} as they are declared. It takes a new one minutes after it was added. Otherwise run: tributary schema apply.`,
    );
  }
  const code = grpcCode(error);
  return new InvalidRow(
    `BigQuery refused rows of ${table.name} (${code === undefined ? 'no code' : Code[code]}).`,
  );
}

/**
 * The problem of rows that BigQuery named.
 *
 * @param refused their indexes among the caller's own
 */
export function refusedByIndex(
  refused: readonly { readonly index: number; readonly message: string }[],
  table: Table,
): InvalidRow {
  const faults = refused.map(({ index, message }) => {
    // The message itself may quote the value, so only the name of a column is taken from it.
    const column = table.columns.find(({ name }) => new RegExp(`\\b${name}\\b`).test(message));
    const pointer = `/${index}${column ? `/${column.name}` : ''}`;
    return { pointer, message: 'BigQuery refused it' };
  });
  const named = faults.map(({ pointer }) => pointer).join(', ');
  return new InvalidRow(`BigQuery refused rows of ${table.name}: ${named}.`, { faults });
}

/** What BigQuery says about each row it refused, by the row's index in the request. */
export function messagesByIndex(
  rowErrors: readonly RowError[] | null | undefined,
): ReadonlyMap<number, string> {
  return new Map(
    // Google's proto: int64, absent for 0.
    (rowErrors ?? []).map(({ index, message }) => [Number(String(index ?? 0)), message ?? '']),
  );
}

/** Words of BigQuery for a descriptor that does not fit the table. */
const ABOUT_SCHEMA = /SCHEMA_MISMATCH|more fields than BigQuery schema|proto field mismatched/i;

/** StorageError.StorageErrorCode.SCHEMA_MISMATCH_EXTRA_FIELDS */
const EXTRA_FIELDS = 7;

function isAboutSchema(details: unknown): boolean {
  if (!Array.isArray(details)) return false;
  return details.some(
    ({ type_url, value }) =>
      String(type_url).endsWith('.StorageError') && storageErrorCode(value) === EXTRA_FIELDS,
  );
}

/** The code of a StorageError, its first field. */
function storageErrorCode(value: unknown): number | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  const reader = protobuf.Reader.create(value);
  return reader.len > 0 && reader.uint32() === 8 ? reader.int32() : undefined;
}
