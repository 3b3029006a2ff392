import type { Answer } from './behaviour.ts';
import { authorizationOf, type Call, parametersOf } from './call.ts';
import type { Place, TokenParts } from './token.ts';

/** Answers a request to a revocation endpoint. */
export function answerRevocation(
  { authority, clients, stats }: TokenParts,
  { behaviour }: Place,
  call: Call,
): Answer {
  const { revocation } = behaviour;
  if (!revocation || call.method !== 'POST') return behaviour.refuse('invalid_request');
  stats.revocation_calls += 1;
  const body = parametersOf(call, revocation.sentAs === 'json' ? 'json' : 'form');
  if (revocation.client) {
    const client = body && clients.authenticate(call, body, behaviour.clientAuthentication);
    if (!client) return behaviour.refuse('invalid_client');
  }
  const token =
    revocation.sentAs === 'bearer'
      ? authorizationOf(call, 'Bearer')
      : (revocation.sentAs === 'query' ? call.query : body)?.get('token');
  if (!token || !authority.revoke(token, revocation.takes))
    return behaviour.refuse('invalid_token');
  stats.revoked += 1;
  return revocation.done;
}
