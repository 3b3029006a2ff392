/**
 * Errors as answers: every refusal a caller can see is a named class with a stable code, an HTTP
 * status and the next step. `docs/errors.md` lists them all; a test compares the two.
 */

/** What the caller should do next, for programs that branch on it. */
export type NextStep = 'fix_request' | 'authenticate' | 'retry_later' | 'ask_operator';

export interface ProblemKind {
  /** Stable and never reused. */
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly next: NextStep;
}

export interface ProblemOptions {
  /** Seconds the caller should wait before it tries again; becomes Retry-After. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
  /** Where in the input each fault lies, as JSON Pointers. */
  readonly faults?: readonly Fault[];
}

export interface Fault {
  readonly pointer: string;
  readonly message: string;
}

/** RFC 9457 problem details, as sent. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly next: NextStep;
  readonly errors?: readonly Fault[];
}

/** Base of every named error. Use the subclasses in `problems.ts`. */
export abstract class Problem extends Error {
  abstract readonly kind: ProblemKind;
  readonly retryAfterSeconds: number | undefined;
  readonly faults: readonly Fault[];

  constructor(detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.faults = options.faults ?? [];
  }

  get code(): string {
    return this.kind.code;
  }

  get status(): number {
    return this.kind.status;
  }

  /** The body of the answer. Holds the detail, so details never carry secrets or stack traces. */
  toProblemDetails(): ProblemDetails {
    const { code, status, title, next } = this.kind;
    return {
      type: `https://tributary.dev/errors#${code}`,
      title,
      status,
      code,
      detail: this.message,
      next,
      ...(this.faults.length > 0 ? { errors: this.faults } : {}),
    };
  }
}
