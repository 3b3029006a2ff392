import { createHash } from 'node:crypto';
import type { Database } from '#platform/database/database.ts';
import { CredentialsRefused, ProviderRefused, ProviderUnavailable } from '#schemas/problems.ts';
import { type Answer, afterCall, ask, type CallOutcome, type Circuit } from './circuit.ts';
import { lockCircuit, readCircuit, type StoredCircuit, writeCircuit } from './circuit-row.ts';
import { type LogEntry, logConnection } from './connection-log.ts';

/** The circuit of a connection is open: the call was not made. */
export class CircuitOpen extends ProviderUnavailable {}

export interface CircuitOptions {
  readonly database: Database;
  readonly onError: (message: string, error: unknown) => void;
}

/**
 * The circuits of all connections, in Postgres: all processes share them, by the clock of the database.
 * Whoever calls providers asks `beforeCall` and tells by `onCall`.
 */
export class Circuits {
  readonly #options: CircuitOptions;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  /**
   * May the provider be called now? Who is let through although the circuit was open tells by `report` what
   * became of the call: all others wait for that.
   *
   * @param isCheck a health check does not wait for its turn, see `ask`
   */
  async mayCall(connectionId: string, { isCheck = false } = {}): Promise<Answer> {
    const { database } = this.#options;
    const decide = ({ circuit, nowMs }: StoredCircuit) =>
      ask(circuit, { nowMs, spread: spreadOf(connectionId, circuit), isCheck });
    const stored = await readCircuit(database, connectionId);
    if (!stored) return { allowed: true };
    const seen = decide(stored);
    if (!seen.allowed || !seen.circuit) return seen;
    return database.transaction(async (tx) => {
      const locked = await lockCircuit(tx, connectionId);
      if (!locked) return { allowed: true };
      const answer = decide(locked);
      if (answer.allowed && answer.circuit) await writeCircuit(tx, connectionId, answer.circuit);
      return answer;
    });
  }

  /** @throws ProviderUnavailable while the circuit is open, saying when to try again */
  async beforeCall(connectionId: string): Promise<void> {
    const answer = await this.mayCall(connectionId);
    if (answer.allowed) return;
    throw new CircuitOpen(
      'The provider has not answered several times in a row, and is not called for now. See the health of the connection.',
      { retryAfterSeconds: Math.max(1, Math.ceil(answer.retryAfterMs / 1_000)) },
    );
  }

  /** Notes what became of a call. */
  async report(connectionId: string, outcome: CallOutcome): Promise<void> {
    const { database } = this.#options;
    const seen = await readCircuit(database, connectionId);
    if (!seen || afterCall(seen.circuit, outcome, seen.nowMs) === seen.circuit) return;
    await database.transaction(async (tx) => {
      const locked = await lockCircuit(tx, connectionId);
      if (!locked) return;
      const next = afterCall(locked.circuit, outcome, locked.nowMs);
      if (next === locked.circuit) return;
      await writeCircuit(tx, connectionId, next);
      const entry = logEntryOf(locked.circuit, next);
      if (entry) await logConnection(tx, locked.connection, entry);
    });
  }

  /**
   * For whoever calls providers, after each call. Never fails: the call has been made.
   *
   * @param error what the call ended in; undefined when it was answered
   */
  async onCall(connectionId: string, error?: unknown): Promise<void> {
    const outcome = outcomeOf(error);
    if (!outcome) return;
    await this.report(connectionId, outcome).catch((failure) =>
      this.#options.onError('What became of a call could not be noted.', failure),
    );
  }
}

/**
 * What the end of a call tells about the provider: one that refuses has answered.
 *
 * @returns undefined when it tells nothing, as no call was made or the fault is ours
 */
export function outcomeOf(error: unknown): CallOutcome | undefined {
  if (error === undefined) return 'ok';
  if (error instanceof CircuitOpen) return undefined;
  if (error instanceof ProviderUnavailable) return 'failed';
  if (error instanceof CredentialsRefused || error instanceof ProviderRefused) return 'ok';
  return undefined;
}

/** From 0 to 1, the same in every process. */
export function spreadOf(connectionId: string, { failuresInARow }: Circuit): number {
  const hash = createHash('sha256').update(`${connectionId} ${failuresInARow}`).digest();
  return hash.readUInt32BE() / 0xffff_ffff;
}

function logEntryOf(before: Circuit, after: Circuit): LogEntry | undefined {
  if (before.state === 'closed' && after.state === 'open') {
    return {
      level: 'error',
      kind: 'health',
      code: 'circuit_opened',
      message: 'The provider did not answer several times in a row, and is not called for now.',
      data: { failures: after.failuresInARow },
    };
  }
  if (before.state === 'closed' || after.state !== 'closed') return undefined;
  return {
    level: 'info',
    kind: 'health',
    code: 'circuit_closed',
    message: 'The provider answers again, and is called as before.',
    data: { failures: before.failuresInARow },
  };
}
