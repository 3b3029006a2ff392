import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { WEBHOOK_REQUESTS } from '#schemas/tables.ts';
import { withDeadline } from '../deadline.ts';

/** What the log keeps of a request that was not simply accepted. */
export interface LoggedRequest {
  readonly requestId: string;
  readonly receivedAt: string;
  readonly tenantId: string | null;
  readonly orgId: string | null;
  /** Only of a known connection: ids that senders made up are not stored. */
  readonly connectionId: string | null;
  readonly provider: string;
  readonly outcome: 'rejected' | 'skipped' | 'duplicate';
  readonly reason: string;
  readonly detail: string | null;
  readonly httpStatus: number;
  readonly bodyBytes: number;
  readonly remoteAddress: string | null;
}

interface Group {
  readonly first: LoggedRequest;
  /** Rows written in full in this window, apart from the summary. */
  written: number;
  /** Requests since the last flush that stand in no row yet. */
  suppressed: number;
}

const LAST_WRITE_MS = 2_000;

export interface RequestLogOptions {
  readonly warehouse: Warehouse;
  /** Rows in full for each connection and reason in a window; the rest becomes one row with a count. */
  readonly rowsPerWindow?: number;
  readonly windowMs?: number;
  readonly flushMs?: number;
  readonly onError: (message: string, error: unknown) => void;
}

/** Most combinations of connection and reason told apart in a window. */
const MAX_GROUPS = 2_000;
/** What one row for all others has in place of what they do not share. */
const OF_MANY = {
  tenantId: null,
  orgId: null,
  connectionId: null,
  provider: 'unknown',
  outcome: 'rejected',
  reason: 'various',
  detail: null,
  remoteAddress: null,
} as const;

/**
 * The request log: every request that reached intake and was not simply accepted, with its reason.
 * Recording costs a few operations in memory; rows are written in the background. A flood cannot
 * fill the disk: past the first rows of each connection and reason, one row a minute counts the rest.
 */
export class RequestLog {
  readonly #options: RequestLogOptions;
  readonly #flushTimer: NodeJS.Timeout;
  readonly #windowTimer: NodeJS.Timeout;
  #groups = new Map<string, Group>();
  #pending: LoggedRequest[] = [];
  #lastWork: Promise<void> = Promise.resolve();

  constructor(options: RequestLogOptions) {
    this.#options = options;
    this.#flushTimer = setInterval(() => void this.flush(), options.flushMs ?? 1_000).unref();
    this.#windowTimer = setInterval(
      () => void this.#endWindow(),
      options.windowMs ?? 60_000,
    ).unref();
  }

  record(request: LoggedRequest): void {
    const group = this.#group(request);
    if (group.written < (this.#options.rowsPerWindow ?? 20)) {
      group.written += 1;
      this.#pending.push(request);
    } else group.suppressed += 1;
  }

  /** Writes what is due. A failure is reported; these rows inform, and are not tried again. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#writePending());
  }

  /** Stops the clock and writes all that is left, also the counts, as far as the warehouse answers. */
  async close(): Promise<void> {
    clearInterval(this.#flushTimer);
    clearInterval(this.#windowTimer);
    await withDeadline(this.#endWindow(), LAST_WRITE_MS);
  }

  #endWindow(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#writePending();
      const groups = this.#groups;
      this.#groups = new Map();
      const rows = [...groups.values()]
        .filter((group) => group.suppressed > 0)
        .map((group) => toRow(group.first, group.suppressed));
      if (rows.length > 0) await this.#write(rows);
    });
  }

  /** One write after the other: who waits for its own has waited for all recorded before it. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#lastWork = this.#lastWork.then(work);
    return this.#lastWork;
  }

  async #writePending(): Promise<void> {
    const requests = this.#pending;
    if (requests.length === 0) return;
    this.#pending = [];
    await this.#write(requests.map((request) => toRow(request, 1)));
  }

  async #write(rows: readonly ReturnType<typeof toRow>[]): Promise<void> {
    try {
      await this.#options.warehouse.append(WEBHOOK_REQUESTS.name, rows);
    } catch (error) {
      this.#options.onError(`${rows.length} rows of the request log could not be written.`, error);
    }
  }

  #group(request: LoggedRequest): Group {
    const { connectionId, provider, outcome, reason } = request;
    let key = `${connectionId}|${provider}|${outcome}|${reason}`;
    const crowded = !this.#groups.has(key) && this.#groups.size >= MAX_GROUPS;
    if (crowded) key = '*';
    let group = this.#groups.get(key);
    if (!group) {
      const first = crowded ? { ...request, ...OF_MANY } : request;
      group = { first, written: 0, suppressed: 0 };
      this.#groups.set(key, group);
    }
    return group;
  }
}

function toRow(request: LoggedRequest, occurrences: number) {
  return {
    request_id: request.requestId,
    received_at: request.receivedAt,
    tenant_id: request.tenantId,
    org_id: request.orgId,
    connection_id: request.connectionId,
    provider: request.provider,
    outcome: request.outcome,
    reason: request.reason,
    detail: request.detail,
    http_status: request.httpStatus,
    body_bytes: request.bodyBytes,
    remote_address: request.remoteAddress,
    occurrences,
  };
}
