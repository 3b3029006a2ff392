import { stringify } from 'node:querystring';
import { setTimeout as delay } from 'node:timers/promises';
import { status as Code } from '@grpc/grpc-js';
import { grpcCode } from './call-error.ts';
import { ReadyClient, type Startable } from './ready-client.ts';

/** What all of Google's generated gRPC clients have in common. */
export interface GeneratedClient extends Startable {
  // biome-ignore lint/complexity/noBannedTypes: the type of the generated clients
  readonly innerApiCalls: Readonly<Record<string, Function>>;
}

export interface CallOptions {
  /** The field of the request that says where it belongs; Google routes by it. */
  readonly routing: Readonly<Record<string, string>>;
  /** Codes after which the call is made again, until its time is up. Default none. */
  readonly retryCodes?: ReadonlySet<Code>;
}

const FIRST_WAIT_MS = 100;

/** Ends with the code that a call has whose deadline passed on the way. */
class NoAnswer extends Error {
  readonly code = Code.DEADLINE_EXCEEDED;

  constructor(method: string, timeoutMs: number) {
    super(`${method} had no answer within ${timeoutMs} ms`);
    this.name = 'NoAnswer';
  }
}

/**
 * Makes unary calls through one of Google's clients, each bounded in time: looking for credentials,
 * connecting and retries included.
 *
 * The clients' own methods are passed by (gax 6.17): with GOOGLE_SDK_NODE_LOGGING set they write
 * requests and answers to the log, payloads of secrets too; their retries wait two seconds and more;
 * and a client that could not find its credentials once never looks again.
 */
export class UnaryCalls {
  readonly #client: ReadyClient<GeneratedClient>;
  readonly #timeoutMs: number;
  readonly #underWay = new Set<Promise<unknown>>();

  /** @param timeoutMs bound of one call, with its retries */
  constructor(makeClient: () => GeneratedClient, timeoutMs: number) {
    this.#client = new ReadyClient(makeClient);
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param method of the client, such as `getJob`
   * @returns Google's answer; of a list one page
   * @throws what the client throws, or an error with the code DEADLINE_EXCEEDED
   */
  call<Answer>(method: string, request: object, options: CallOptions): Promise<Answer> {
    const result = this.#withRetries<Answer>(method, request, options);
    const ended: Promise<unknown> = result.then(
      () => this.#underWay.delete(ended),
      () => this.#underWay.delete(ended),
    );
    this.#underWay.add(ended);
    return result;
  }

  /** Waits for the calls under way, then closes the connection. */
  async close(): Promise<void> {
    await Promise.all(this.#underWay);
    await this.#client.close();
  }

  async #withRetries<Answer>(
    method: string,
    request: object,
    { routing, retryCodes }: CallOptions,
  ): Promise<Answer> {
    const endMs = performance.now() + this.#timeoutMs;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs *= 2) {
      const leftMs = endMs - performance.now();
      try {
        return await this.#attempt<Answer>(method, request, routing, leftMs);
      } catch (error) {
        const code = grpcCode(error);
        const again = code !== undefined && retryCodes?.has(code);
        const jitteredMs = waitMs * (0.5 + Math.random() / 2);
        if (!again || performance.now() + jitteredMs >= endMs) throw error;
        await delay(jitteredMs);
      }
    }
  }

  async #attempt<Answer>(
    method: string,
    request: object,
    routing: CallOptions['routing'],
    timeoutMs: number,
  ): Promise<Answer> {
    const made = this.#client.get().then((client) =>
      client.innerApiCalls[method]?.(request, {
        timeout: timeoutMs,
        retry: null,
        autoPaginate: false,
        otherArgs: { headers: { 'x-goog-request-params': stringify(routing) } },
      }),
    );
    const [answer, , page] = await this.#bounded(method, made, timeoutMs);
    return (page ?? answer) as Answer;
  }

  async #bounded<Result>(
    method: string,
    result: Promise<Result>,
    timeoutMs: number,
  ): Promise<Result> {
    const aborter = new AbortController();
    // gRPC has the same deadline: it comes first, and says more.
    const late = delay(timeoutMs + 50, undefined, { signal: aborter.signal }).then(() => {
      throw new NoAnswer(method, this.#timeoutMs);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([result, late]);
    } finally {
      aborter.abort();
      result.catch(() => undefined);
    }
  }
}
