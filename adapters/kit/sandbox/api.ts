import type { IncomingHttpHeaders } from 'node:http';
import type { SandboxTokens } from './tokens.ts';

/** A call of the provider's API, as it came to its sandbox. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Without it and without `text` the body is empty. */
  readonly json?: unknown;
  readonly text?: string;
}

/** What is wrong with the token of a call. */
export type TokenFault = 'missing' | 'unknown' | 'expired';

/** The authenticated API of a sandbox's provider. */
export interface SandboxApi {
  /** The token that the headers carry in the way the provider wants it. */
  tokenOf(headers: IncomingHttpHeaders): string | undefined;
  /** The answer to a call whose token is not taken. */
  unauthorized(fault: TokenFault, request: ApiRequest): ApiAnswer;
  /** The answer to a token that may not do this. */
  forbidden(): ApiAnswer;
  /** The answer to too many calls. */
  limited(): ApiAnswer;
  /** The answer to a call whose token is good; undefined where there is no such address. */
  answer(request: ApiRequest): ApiAnswer | undefined;
}

/** What can go wrong with an answer, whatever the token. */
export const API_FAULTS = [
  'limited',
  'forbidden',
  'unavailable',
  'html',
  'garbage',
  'huge',
  'silent',
] as const;
export type ApiFault = (typeof API_FAULTS)[number];

/** A call that was answered; headers and bodies are not kept, as they hold credentials. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  /** 0 when it was not answered. */
  readonly status: number;
}

const MAX_CALLS = 1_000;
const HUGE_BYTES = 12 * 1024 * 1024;
const PAGE = '<!DOCTYPE html><html><body><h1>We will be back soon</h1></body></html>';

/** Answers calls of the API of a sandbox, and does wrong what it is told to. */
export class ApiSurface {
  readonly tokens: SandboxTokens;
  readonly #api: SandboxApi | undefined;
  readonly #calls: ApiCall[] = [];
  readonly #faults: ApiFault[] = [];

  constructor(api: SandboxApi | undefined, tokens: SandboxTokens) {
    this.#api = api;
    this.tokens = tokens;
  }

  /** The latest calls, oldest first. */
  get calls(): readonly ApiCall[] {
    return this.#calls;
  }

  /** So many of the next calls are answered with the fault, after those that were asked for before. */
  fail(fault: ApiFault, count = 1): void {
    for (let index = 0; index < count; index += 1) this.#faults.push(fault);
  }

  /** @returns undefined when there is to be no answer at all */
  handle(request: ApiRequest): ApiAnswer | undefined {
    const fault = this.#faults.shift();
    const answer = fault === undefined ? this.#honest(request) : this.#faulty(fault);
    if (this.#calls.length === MAX_CALLS) this.#calls.shift();
    const { method, path } = request;
    this.#calls.push({ method, path, status: answer?.status ?? 0 });
    return answer;
  }

  #honest(request: ApiRequest): ApiAnswer {
    const api = this.#api;
    if (api === undefined) return NOT_FOUND;
    const token = api.tokenOf(request.headers);
    if (token === undefined) return api.unauthorized('missing', request);
    const state = this.tokens.stateOf(token);
    if (state !== 'valid') return api.unauthorized(state, request);
    return api.answer(request) ?? NOT_FOUND;
  }

  #faulty(fault: ApiFault): ApiAnswer | undefined {
    switch (fault) {
      case 'limited':
        return this.#api?.limited() ?? { status: 429 };
      case 'forbidden':
        return this.#api?.forbidden() ?? { status: 403 };
      case 'unavailable':
        return { status: 503, headers: HTML, text: PAGE };
      case 'html':
        return { status: 200, headers: HTML, text: PAGE };
      case 'garbage':
        return { status: 200, headers: JSON_TYPE, text: '{"data":[{"id"' };
      case 'huge':
        return { status: 200, headers: JSON_TYPE, text: `"${'x'.repeat(HUGE_BYTES)}"` };
      case 'silent':
        return undefined;
    }
  }
}

const HTML = { 'content-type': 'text/html; charset=utf-8' };
const JSON_TYPE = { 'content-type': 'application/json' };
const NOT_FOUND: ApiAnswer = {
  status: 404,
  json: { message: 'There is nothing at this address.' },
};

/** The token behind a word in a header such as `Authorization: Bearer …`, whose case does not count. */
export function tokenBehind(value: string | undefined, word: string): string | undefined {
  const mark = value?.indexOf(' ') ?? -1;
  if (value === undefined || mark < 0) return undefined;
  if (value.slice(0, mark).toLowerCase() !== word.toLowerCase()) return undefined;
  const token = value.slice(mark + 1);
  return token === '' ? undefined : token;
}
