import { CredentialsRefused, ProviderUnavailable } from '#schemas/problems.ts';
import type { Judgement, ProviderApi, ProviderResponse } from './provider-api.ts';

/** What an answer amounts to that is none to the request itself. */
export type Refusal = Exclude<Judgement, { readonly kind: 'answered' }>;

/** Longest wait that is taken from an answer. */
const MAX_WAIT_SECONDS = 86_400;
/** Longest error body that is read. */
const MAX_ERROR_LENGTH = 65_536;
/** Capitals alone, so that no text of a body, and no credential, passes for a code. */
const CODE = /^[A-Z][A-Z_]{2,63}$/;

/**
 * What an answer of a provider's API amounts to: by the provider's own rules, and else 401 refuses the
 * token, 403 the credential, and 408, 429 and 5xx are for later.
 *
 * @returns undefined when it is an answer to the request itself
 */
export function judgeAnswer(
  api: Pick<ProviderApi<never>, 'judge'>,
  response: ProviderResponse,
): Refusal | undefined {
  const own = api.judge?.(response);
  if (own !== undefined) return own.kind === 'answered' ? undefined : own;
  const { status } = response;
  if (status === 401) return { kind: 'token_refused', code: errorCode(response) };
  if (status === 403) return { kind: 'credentials_refused', code: errorCode(response) };
  return status === 408 || status === 429 || status >= 500 ? later(response) : undefined;
}

/** @returns the judgement of an answer that asks to come back */
export function later(response: ProviderResponse, waitSeconds?: number): Refusal {
  return {
    kind: 'unavailable',
    code: errorCode(response),
    retryAfterSeconds: statedWait(response, 'retry-after') ?? waitSeconds,
  };
}

/** The problem that a refusal is where no other token can be had. `title` is the provider's. */
export function problemOf(
  title: string,
  { status }: ProviderResponse,
  refusal: Refusal,
): CredentialsRefused | ProviderUnavailable {
  const { kind, code } = refusal;
  const answered = `it answered ${status}${code === undefined ? '' : ` (${code})`}`;
  if (kind === 'unavailable') {
    const { retryAfterSeconds } = refusal;
    return new ProviderUnavailable(
      `${title} cannot be used at the moment: ${answered}. Try again later.`,
      retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
    );
  }
  return new CredentialsRefused(
    status === 403 && kind === 'credentials_refused'
      ? `${title} does not permit this with these credentials: ${answered}. Grant them what is missing at ${title}, or use others.`
      : `${title} does not take the credentials: ${answered}. Check that they are complete and still valid, or authenticate again.`,
  );
}

/** The whole seconds a header states; undefined when it does not. */
export function statedWait({ headers }: ProviderResponse, name: string): number | undefined {
  const value = headers[name] ?? '';
  return /^\d{1,9}$/.test(value) ? Math.min(Number(value), MAX_WAIT_SECONDS) : undefined;
}

/** The code that an error body states in one of the ways providers do: it can be shown to people. */
export function errorCode(response: ProviderResponse): string | undefined {
  const body = errorBody(response);
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (typeof first !== 'object' || first === null) return undefined;
  const { code, errorCode: named, category } = first as Readonly<Record<string, unknown>>;
  return [code, named, category].find(isErrorCode);
}

/** Whether a value of a body is a code, which can be shown to people. */
export function isErrorCode(value: unknown): value is string {
  return typeof value === 'string' && CODE.test(value);
}

/** The JSON of an error; undefined when there is none to be read. */
export function errorBody({ text }: ProviderResponse): unknown {
  if (text.length > MAX_ERROR_LENGTH) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
