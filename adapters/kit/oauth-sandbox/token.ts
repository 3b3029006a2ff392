import { createHash, createPublicKey } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { Authority, Grant, TokenPair } from './authority.ts';
import type { Answer, Behaviour, Refusal } from './behaviour.ts';
import { type Call, parametersOf } from './call.ts';
import type { Clients } from './clients.ts';
import type { SandboxClient } from './options.ts';
import type { OAuthStats } from './stats.ts';

export interface TokenParts {
  readonly authority: Authority;
  readonly clients: Clients;
  readonly stats: OAuthStats;
  readonly nowMs: () => number;
  readonly apiUrl: string | undefined;
}

/** Where a request came in. */
export interface Place {
  readonly provider: string;
  readonly behaviour: Behaviour;
  readonly host: string;
}

class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal);
    this.refusal = refusal;
  }
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export type TokenRequestKind = 'code' | 'refresh' | 'jwt_bearer' | 'client_credentials' | 'other';

/** What a token request asks for. */
export function kindOf(parameters: URLSearchParams | undefined): TokenRequestKind {
  const grantType = parameters?.get('grant_type');
  if (grantType === 'refresh_token') return 'refresh';
  if (grantType === JWT_BEARER) return 'jwt_bearer';
  if (grantType === 'client_credentials') return 'client_credentials';
  // ClickUp's requests name no grant.
  return parameters?.has('code') ? 'code' : 'other';
}

/**
 * Answers a request to a token endpoint.
 *
 * @param pause waited for while the work is under way
 */
export async function answerToken(
  parts: TokenParts,
  place: Place,
  call: Call,
  pause: () => Promise<void>,
): Promise<Answer> {
  const { behaviour } = place;
  try {
    const parameters = parametersOf(call, behaviour.body);
    if (!parameters || call.method !== 'POST') throw new Refused('invalid_request');
    const kind = kindOf(parameters);
    if (kind === 'jwt_bearer') {
      await pause();
      return issue(parts, place, await grantByAssertion(parts, place, parameters));
    }
    const client = parts.clients.authenticate(call, parameters, behaviour.clientAuthentication);
    if (!client) throw new Refused('invalid_client');
    switch (kind) {
      case 'code':
        await pause();
        return issue(parts, place, grantByCode(parts, place, client, parameters));
      case 'refresh':
        return await refresh(parts, place, client, parameters, pause);
      case 'client_credentials':
        await pause();
        if (!behaviour.grants?.clientCredentials(place.host)) throw new Refused('invalid_request');
        return issue(parts, place, grantWithoutUser(place, client));
      default:
        throw new Refused('unsupported_grant');
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    parts.stats.refused += 1;
    return behaviour.refuse(error.refusal);
  }
}

function grantByCode(
  { authority, stats }: TokenParts,
  place: Place,
  client: SandboxClient,
  parameters: URLSearchParams,
): Grant {
  const pending = authority.codeOf(parameters.get('code') ?? '');
  if (!pending || pending.grant.provider !== place.provider) throw new Refused('invalid_code');
  const { grant, challenge } = pending;
  if (pending.used) {
    // RFC 6749, 4.1.2: what came of the code should end.
    stats.codes_reused += 1;
    grant.ended = true;
    throw new Refused('invalid_code');
  }
  const fits =
    grant.clientId === client.clientId &&
    parameters.get('redirect_uri') === pending.redirectUri &&
    (grant.home ?? place.host) === place.host;
  if (!fits) throw new Refused('invalid_code');
  if (challenge && place.behaviour.pkce !== 'ignored') {
    const verifier = parameters.get('code_verifier');
    if (verifier === null) throw new Refused('verifier_missing');
    const sent =
      challenge.method === 'S256'
        ? createHash('sha256').update(verifier).digest('base64url')
        : verifier;
    if (sent !== challenge.value) throw new Refused('wrong_verifier');
  }
  pending.used = true;
  stats.codes_redeemed += 1;
  return grant;
}

async function refresh(
  parts: TokenParts,
  place: Place,
  client: SandboxClient,
  parameters: URLSearchParams,
  pause: () => Promise<void>,
): Promise<Answer> {
  const { authority, stats } = parts;
  const token = parameters.get('refresh_token') ?? '';
  const found = authority.refreshTokenOf(token);
  if (!found || found.grant.provider !== place.provider) throw new Refused('invalid_grant');
  const { grant } = found;
  if (place.behaviour.oneRefreshAtATime && grant.refreshing) throw new Refused('busy');
  grant.refreshing = true;
  try {
    await pause();
    const fits =
      !grant.ended &&
      grant.clientId === client.clientId &&
      (grant.home ?? place.host) === place.host;
    if (!fits) throw new Refused('invalid_grant');
    if (found.spent) {
      stats.refresh_tokens_reused += 1;
      grant.ended = place.behaviour.reuse === 'ends_grant';
      throw new Refused('invalid_grant');
    }
    stats.refreshed += 1;
    return answerWith(parts, place, grant, authority.refresh(token, grant));
  } finally {
    grant.refreshing = false;
  }
}

async function grantByAssertion(
  { clients, nowMs }: TokenParts,
  place: Place,
  parameters: URLSearchParams,
): Promise<Grant> {
  const { grants } = place.behaviour;
  const assertion = parameters.get('assertion') ?? '';
  if (!grants) throw new Refused('unsupported_grant');
  try {
    const claims = JSON.parse(
      Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString(),
    ) as { iss: string };
    const client = clients.find(claims.iss);
    const { payload } = await jwtVerify(assertion, createPublicKey(client?.publicKey ?? ''), {
      algorithms: ['RS256'],
      audience: grants.audience(place.host),
      currentDate: new Date(nowMs()),
      requiredClaims: ['sub', 'exp'],
    });
    const lifetimeSeconds = (payload.exp ?? 0) - nowMs() / 1_000;
    if (client && lifetimeSeconds <= 300) return grantWithoutUser(place, client);
  } catch {
    // Refused below.
  }
  throw new Refused('invalid_grant');
}

function grantWithoutUser({ provider, behaviour }: Place, { clientId }: SandboxClient): Grant {
  return {
    provider,
    behaviour,
    clientId,
    account: behaviour.account,
    scopes: ['api'],
    offline: false,
    home: undefined,
    refreshing: false,
    ended: false,
  };
}

function issue(parts: TokenParts, place: Place, grant: Grant): Answer {
  return answerWith(parts, place, grant, parts.authority.issue(grant));
}

function answerWith(
  { apiUrl, nowMs }: TokenParts,
  { behaviour, host }: Place,
  { account, scopes }: Grant,
  pair: TokenPair,
): Answer {
  return {
    status: 200,
    json: behaviour.answer({ ...pair, account, apiUrl, host, nowMs: nowMs(), scopes }),
  };
}
