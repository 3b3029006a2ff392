import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { InvalidRequest, NotFound } from '#schemas/problems.ts';
import { readSandboxAddress } from './address.ts';
import { Authority } from './authority.ts';
import { authorize } from './authorize.ts';
import { BEHAVIOURS } from './behaviours.ts';
import { authorizationOf, type Call, parametersOf } from './call.ts';
import { Clients } from './clients.ts';
import { type Fault, Faults, type SandboxAnswer, spoil } from './faults.ts';
import {
  type Consent,
  consentSchema,
  faultSchema,
  type GrantRequest,
  grantSchema,
  type OAuthFault,
  type OAuthSandboxOptions,
  SANDBOX_CLIENT,
} from './options.ts';
import { answerRevocation } from './revoke.ts';
import { emptyOAuthStats, type OAuthStats } from './stats.ts';
import { answerToken, kindOf, type Place, type TokenParts } from './token.ts';

/** What a sandbox knows, and its answer to each request. */
export class OAuthSandboxState {
  readonly authority: Authority;
  readonly #options: OAuthSandboxOptions;
  readonly #clients: Clients;
  readonly #nowMs: () => number;
  readonly #stats = new Map<string, OAuthStats>();
  readonly #faults = new Faults();
  #consent: Consent = {};

  constructor(options: OAuthSandboxOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#clients = new Clients(options.clients ?? [SANDBOX_CLIENT]);
    this.authority = new Authority(this.#nowMs, options.lifetimeSeconds);
  }

  stats(provider?: string): OAuthStats {
    const sum = emptyOAuthStats();
    for (const [name, one] of this.#stats) {
      if (provider !== undefined && name !== provider) continue;
      for (const key of Object.keys(sum) as (keyof OAuthStats)[]) sum[key] += one[key];
    }
    return { ...sum, live_grants: this.authority.liveGrants(provider) };
  }

  setConsent(consent: Consent): void {
    this.#consent = parse(consentSchema, consent);
  }

  addFault(fault: OAuthFault): void {
    this.#faults.add(parse(faultSchema, fault));
  }

  grant(request: GrantRequest): Record<string, unknown> {
    const { provider, scopes, account, location, client_id } = parse(grantSchema, request);
    const behaviour = BEHAVIOURS[provider];
    const client = client_id === undefined ? this.#clients.first() : this.#clients.find(client_id);
    if (!behaviour || !client) throw new InvalidRequest('There is no such provider or app.');
    const home = behaviour.regions?.[location ?? 'us'];
    const grant = {
      provider,
      behaviour,
      clientId: client.clientId,
      account: account ?? behaviour.account,
      scopes,
      offline: behaviour.refresh !== 'none',
      home,
      refreshing: false,
      ended: false,
    };
    const issued = {
      ...this.authority.issue(grant),
      account: grant.account,
      apiUrl: this.#options.apiUrl,
      host: home ?? '',
      nowMs: this.#nowMs(),
      scopes,
    };
    return behaviour.answer(issued) as Record<string, unknown>;
  }

  async answer(call: Call): Promise<SandboxAnswer> {
    if (call.path.startsWith('/sandbox/')) return this.#control(call);
    const address = readSandboxAddress(call.path);
    const behaviour = address && BEHAVIOURS[address.provider];
    if (!address || !behaviour) throw new NotFound('No provider has this address.');
    const { provider, host, path } = address;
    const is = (endpoint: { hosts: RegExp; path: RegExp } | undefined) =>
      endpoint?.hosts.test(host) && endpoint.path.test(path);
    const place: Place = { provider, behaviour, host };
    if (is(behaviour.authorization) && call.method === 'GET') {
      const parts = this.#parts(provider);
      return authorize(parts, provider, behaviour, call.query, this.#consent);
    }
    if (is(behaviour.revocation)) return this.#revoke(place, call);
    if (is(behaviour.token)) return this.#token(place, call);
    throw new NotFound(`${provider} has nothing at this address.`);
  }

  async #token(place: Place, call: Call): Promise<SandboxAnswer> {
    const parts = this.#parts(place.provider);
    const { stats } = parts;
    const kind = kindOf(parametersOf(call, place.behaviour.body));
    if (kind === 'refresh') stats.refresh_calls += 1;
    if (kind === 'code') stats.code_calls += 1;
    if (kind === 'jwt_bearer') stats.jwt_bearer_calls += 1;
    if (kind === 'client_credentials') stats.client_credentials_calls += 1;
    const fault = this.#takeFault(place.provider, 'token', kind);
    const spoiled = fault && spoil(fault, place.behaviour);
    if (spoiled) return spoiled;
    const pause = async () => {
      if (fault?.kind === 'slow') await delay(fault.delay_ms);
    };
    const answer = await answerToken(parts, place, call, pause);
    return fault?.kind === 'drop_answer' ? 'cut' : answer;
  }

  #revoke(place: Place, call: Call): SandboxAnswer {
    const fault = this.#takeFault(place.provider, 'revocation');
    const spoiled = fault && spoil(fault, place.behaviour);
    if (spoiled) return spoiled;
    const answer = answerRevocation(this.#parts(place.provider), place, call);
    return fault?.kind === 'drop_answer' ? 'cut' : answer;
  }

  #control(call: Call): SandboxAnswer {
    switch (`${call.method} ${call.path}`) {
      case 'GET /sandbox/stats':
        return { status: 200, json: this.stats(call.query.get('provider') ?? undefined) };
      case 'GET /sandbox/whoami':
        return this.#whoami(call);
      case 'POST /sandbox/consent':
        this.setConsent(json(call) as Consent);
        return { status: 204 };
      case 'POST /sandbox/faults':
        this.addFault(json(call) as OAuthFault);
        return { status: 204 };
      case 'POST /sandbox/grants':
        return { status: 201, json: this.grant(json(call) as GrantRequest) };
      case 'POST /sandbox/expire':
        this.authority.expireAccessTokens();
        return { status: 204 };
      default:
        throw new NotFound('The sandbox has no such control address.');
    }
  }

  #whoami(call: Call): SandboxAnswer {
    const token = authorizationOf(call, 'Bearer') ?? authorizationOf(call, 'Zoho-oauthtoken');
    const grant = this.authority.grantOf(token ?? '');
    const stats = this.#statsOf(grant?.provider ?? '');
    stats.whoami_calls += 1;
    if (!grant) {
      stats.whoami_refused += 1;
      return { status: 401, json: { error: 'invalid_token' } };
    }
    const { account, provider, scopes } = grant;
    return { status: 200, json: { provider, account, scopes } };
  }

  #takeFault(provider: string, ...kinds: readonly string[]): Fault | undefined {
    const fault = this.#faults.take(...kinds);
    if (fault) this.#statsOf(provider).faults += 1;
    return fault;
  }

  #statsOf(provider: string): OAuthStats {
    const stats = this.#stats.get(provider) ?? emptyOAuthStats();
    this.#stats.set(provider, stats);
    return stats;
  }

  #parts(provider: string): TokenParts {
    return {
      apiUrl: this.#options.apiUrl,
      authority: this.authority,
      clients: this.#clients,
      nowMs: this.#nowMs,
      stats: this.#statsOf(provider),
    };
  }
}

function json({ text }: Call): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidRequest('The body must be JSON.', { cause });
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidRequest('The sandbox cannot be told this; see errors.', {
    faults: parsed.error.issues.map(({ path, message }) => ({
      pointer: path.map((part) => `/${String(part)}`).join(''),
      message,
    })),
  });
}
