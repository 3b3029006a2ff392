import type { Adapter } from '#adapters/kit/adapter.ts';
import { judgeAnswer, problemOf } from '#adapters/kit/judge-answer.ts';
import type {
  CallProvider,
  Credential,
  ProviderApi,
  ProviderRequest,
  ProviderResponse,
} from '#adapters/kit/provider-api.ts';
import {
  CredentialsRefused,
  InvalidRequest,
  InvalidSettings,
  ProviderRefused,
  ProviderUnavailable,
} from '#schemas/problems.ts';
import type { Resolve } from './public-address.ts';
import { sendRequest } from './send-request.ts';
import type { TokenSource, VersionedCredential } from './token-source.ts';

export type CallOutcome =
  | 'ok'
  /** An answer of 4xx that is about the request. */
  | 'rejected'
  | 'credentials_refused'
  | 'unavailable'
  /** Anything else that was thrown: the call could not be made, or its answer not be used. */
  | 'failed';

export interface CallRecord {
  readonly connectionId: string;
  readonly outcome: CallOutcome;
  /** From the first request, a refresh and the second request included. */
  readonly durationMs: number;
}

export interface CallProviderOptions {
  readonly adapters: ReadonlyMap<string, Pick<Adapter, 'title' | 'api' | 'settingsSchema'>>;
  readonly tokens: Pick<TokenSource, 'current' | 'invalidate'>;
  /** Lets sandboxes on this machine be called: where the platform is embedded. */
  readonly allowLoopback: boolean;
  readonly onCall?: (record: CallRecord) => void;
  /** Default 10,000 ms, for each request. */
  readonly timeoutMs?: number;
  /** Default: the system's name service. */
  readonly resolve?: Resolve;
}

/** The connection whose provider is called. */
export interface CalledConnection {
  readonly id: string;
  readonly provider: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

const MAX_BYTES = 1024 * 1024;

/** @returns makes the function by which a connection's API is called */
export function makeCallProvider(
  options: CallProviderOptions,
): (connection: CalledConnection) => CallProvider {
  return (connection) => {
    const call = callerOf(options, connection);
    return async (request) => {
      const startedMs = performance.now();
      const tell = (outcome: CallOutcome) =>
        options.onCall?.({
          connectionId: connection.id,
          outcome,
          durationMs: performance.now() - startedMs,
        });
      try {
        const answer = await call(request);
        tell(answer.status < 300 ? 'ok' : 'rejected');
        return answer;
      } catch (error) {
        tell(outcomeOf(error));
        throw error;
      }
    };
  };
}

function callerOf(options: CallProviderOptions, connection: CalledConnection): CallProvider {
  const { tokens } = options;
  const { api, title, settingsSchema } = calledOf(options, connection);
  // Rows from before a setting was there lack its default.
  const settings = settingsSchema.safeParse(connection.settings);
  if (!settings.success) {
    throw new InvalidSettings(`The settings of connection ${connection.id} do not fit ${title}.`);
  }
  const called = { ...connection, settings: settings.data as CalledConnection['settings'] };
  const send = ({ credential }: VersionedCredential, request: ProviderRequest) =>
    sendRequest(requestOf(api, called, credential, request), {
      allowLoopback: options.allowLoopback,
      maxBytes: MAX_BYTES,
      resolve: options.resolve,
      timeoutMs: options.timeoutMs ?? 10_000,
    });
  return async (request) => {
    const held = await tokens.current(connection.id);
    let answer = await send(held, request);
    let refusal = judgeAnswer(api, answer);
    if (refusal?.kind === 'token_refused') {
      answer = await send(await tokens.invalidate(connection.id, held.version), request);
      refusal = judgeAnswer(api, answer);
    }
    if (refusal) throw problemOf(title, answer, refusal);
    refuseRedirect(title, answer);
    return answer;
  };
}

function refuseRedirect(title: string, { status }: ProviderResponse): void {
  if (status < 300 || status >= 400) return;
  throw new ProviderRefused(
    `${title} answered ${status}, which sends callers elsewhere; that is not followed.`,
  );
}

function calledOf({ adapters }: CallProviderOptions, { provider }: CalledConnection) {
  const adapter = adapters.get(provider);
  if (adapter?.api) return { ...adapter, api: adapter.api };
  throw new InvalidRequest(`${adapter?.title ?? provider} has no API that is called.`);
}

function requestOf(
  api: ProviderApi,
  { settings }: CalledConnection,
  credential: Credential,
  { method = 'GET', path, headers, json }: ProviderRequest,
) {
  const base = URL.parse(api.baseUrl(settings, credential));
  const url = base && path.startsWith('/') ? URL.parse(base.href.replace(/\/$/, '') + path) : null;
  // A path must not choose the host.
  if (!url || url.origin !== base?.origin) {
    throw new InvalidSettings(
      "The address of the provider's API is none. Correct the settings of the connection, or authenticate it again.",
    );
  }
  const body = json === undefined ? undefined : JSON.stringify(json);
  return {
    url,
    method,
    headers: {
      accept: 'application/json',
      'user-agent': 'tributary',
      ...(body !== undefined && {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
      }),
      ...headers,
      ...api.authorize(credential, settings),
    },
    body,
  };
}

function outcomeOf(error: unknown): CallOutcome {
  if (error instanceof CredentialsRefused) return 'credentials_refused';
  if (error instanceof ProviderUnavailable) return 'unavailable';
  return 'failed';
}
