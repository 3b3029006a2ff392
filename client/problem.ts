import type { components } from './generated/api.ts';

type ProblemDetails = components['schemas']['Problem'];

/** The codes that this version of the client knows; a server may answer with newer ones. */
export type ProblemCode = ProblemDetails['code'];

/** What the API answers in place of what was asked for; see docs/errors.md for the codes. */
export class TributaryProblem extends Error {
  override readonly name = 'TributaryProblem';
  readonly code: ProblemCode;
  readonly status: number;
  /** What to do next: mend the request, authenticate, wait, or ask who runs the installation. */
  readonly next: ProblemDetails['next'];
  /** Where in the request each fault lies. */
  readonly faults: NonNullable<ProblemDetails['errors']>;
  /** How long to wait before the same request is sent again, where the server says so. */
  readonly retryAfterSeconds: number | undefined;

  /** @param details of the answer; its detail is the message */
  constructor(details: ProblemDetails, retryAfterSeconds?: number) {
    super(details.detail);
    this.code = details.code;
    this.status = details.status;
    this.next = details.next;
    this.faults = details.errors ?? [];
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** An answer that is no success and no problem either, such as one of a proxy in between. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
  readonly status: number;

  constructor(status: number) {
    super(`HTTP ${status}`);
    this.status = status;
  }
}

/** The error that an answer amounts to. */
export async function errorOf(response: Response): Promise<TributaryProblem | UnexpectedAnswer> {
  const { headers, status } = response;
  const body: unknown = await response.json().catch(() => undefined);
  if (!isProblem(body)) return new UnexpectedAnswer(status);
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return new TributaryProblem(body, Number.isNaN(seconds) ? undefined : seconds);
}

function isProblem(body: unknown): body is ProblemDetails {
  const { code, detail } = (body ?? {}) as Partial<ProblemDetails>;
  return typeof code === 'string' && typeof detail === 'string';
}
