import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '#adapters/kit/sandbox/listen.ts';
import { Problem } from '#schemas/problem.ts';
import { InternalError } from '#schemas/problems.ts';
import type { Answer } from './behaviour.ts';
import { type Call, readCall } from './call.ts';
import type { Consent, GrantRequest, OAuthFault, OAuthSandboxOptions } from './options.ts';
import { OAuthSandboxState } from './state.ts';
import type { OAuthStats } from './stats.ts';

/** Ten providers' authorisation servers in one. */
export interface OAuthSandbox {
  /** For the setting that stands all providers' addresses in: see `sandboxAddress`. */
  readonly url: string;
  /** @param provider by default all together */
  stats(provider?: string): OAuthStats;
  /** What the user does at consent pages from now on. */
  consent(consent: Consent): void;
  /** Spoils coming requests, after those that were asked for before. */
  fault(fault: OAuthFault): void;
  /**
   * Gives a consent without a browser.
   *
   * @returns the token answer, as the provider spells it
   * @throws InvalidRequest for a provider there is not
   */
  grant(request: GrantRequest): Record<string, unknown>;
  /**
   * Goes to an authorization address as a browser does.
   *
   * @returns where it is sent: the callback with its parameters
   * @throws Error when a page is shown instead
   */
  visit(authorizationUrl: string, consent?: Consent): Promise<string>;
  /** Ends all access tokens, as if their time were over. */
  expireAccessTokens(): void;
  close(): Promise<void>;
}

/**
 * Starts authorisation servers on 127.0.0.1 that behave as the providers document. Each address of a
 * provider is served at `/{provider}/{host}{path}`; besides, for tests in other processes:
 *
 * - `GET /sandbox/stats?provider=`, `GET /sandbox/whoami` (Authorization with an access token)
 * - `POST /sandbox/consent`, `/sandbox/faults`, `/sandbox/grants` with the JSON of the methods here
 * - `POST /sandbox/expire`
 */
export async function startOAuthSandbox(options: OAuthSandboxOptions = {}): Promise<OAuthSandbox> {
  const state = new OAuthSandboxState(options);
  const server = createServer((request, response) => {
    readCall(request)
      .then((call) => serve(state, call, request, response))
      .catch((error: unknown) => {
        const problem =
          error instanceof Problem
            ? error
            : new InternalError('The sandbox failed.', { cause: error });
        send(response, { status: problem.status, json: problem.toProblemDetails() });
      });
  });
  const listening = await listenOnLoopback(server, options.port ?? 0);
  return {
    ...listening,
    stats: (provider) => state.stats(provider),
    consent: (consent) => state.setConsent(consent),
    fault: (fault) => state.addFault(fault),
    grant: (request) => state.grant(request),
    visit: (address, consent) => visit(address, consent),
    expireAccessTokens: () => state.authority.expireAccessTokens(),
  };
}

async function serve(
  state: OAuthSandboxState,
  call: Call,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await state.answer(call);
  if (answer === 'silent') return;
  if (answer === 'cut') {
    request.socket.destroy();
    return;
  }
  if ('location' in answer) {
    response.writeHead(302, { location: answer.location }).end();
  } else if ('html' in answer) {
    response.writeHead(answer.status, { 'content-type': 'text/html; charset=utf-8' });
    response.end(answer.html);
  } else {
    send(response, answer);
  }
}

function send(response: ServerResponse, { status, headers, json }: Answer): void {
  const type = json === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' };
  response.writeHead(status, { ...type, 'cache-control': 'no-store', ...headers });
  response.end(json === undefined ? '' : JSON.stringify(json));
}

async function visit(authorizationUrl: string, consent: Consent = {}): Promise<string> {
  const url = new URL(authorizationUrl);
  const { decision = 'allow', scopes = [], account, location, error } = consent;
  const own = { decision, account, location, error };
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined) url.searchParams.set(`sandbox_${name}`, value);
  }
  for (const scope of scopes) url.searchParams.append('sandbox_scope', scope);
  const response = await fetch(url, { redirect: 'manual' });
  const page = await response.text();
  const target = response.headers.get('location');
  if (target !== null) return target;
  throw new Error(`The sandbox shows a page (${response.status}): ${page}`);
}
