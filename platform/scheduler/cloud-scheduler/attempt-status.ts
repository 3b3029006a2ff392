/**
 * HTTP statuses for the codes of google.rpc, by the table in Google's code.proto. Of the answer to an
 * attempt Cloud Scheduler keeps such a code alone. OK is told as 204, as the status of a success is
 * not known; DEADLINE_EXCEEDED as 0, as no answer came in time.
 */
const STATUSES: Readonly<Record<number, number>> = {
  0: 204,
  1: 499,
  2: 500,
  3: 400,
  4: 0,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  11: 400,
  12: 501,
  13: 500,
  14: 503,
  15: 500,
  16: 401,
};

/** @param code of google.rpc.Status; undefined is OK, as a message without a code is */
export function attemptStatus(code: number | null | undefined): number {
  return STATUSES[code ?? 0] ?? 0;
}
