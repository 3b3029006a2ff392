import { expect, it } from 'vitest';
import { operationId } from './operation-id.ts';

const cases = [
  ['get', '/v1/connections', true, 'listConnections'],
  ['get', '/v1/dead-letters', true, 'listDeadLetters'],
  ['get', '/v1/connections/{id}', false, 'getConnection'],
  ['get', '/v1/canaries/{id}', false, 'getCanary'],
  ['get', '/v1/connections/{id}/logs', true, 'listConnectionLogs'],
  ['get', '/v1/connections/{id}/health', false, 'getConnectionHealth'],
  ['get', '/v1/audit', false, 'getAudit'],
  ['get', '/v1/status', false, 'getStatus'],
  ['get', '/v1/readiness/{provider}', false, 'getReadiness'],
  ['get', '/v1/oauth/callback', false, 'getOauthCallback'],
  ['post', '/v1/connections', false, 'createConnection'],
  ['post', '/v1/api-keys', false, 'createApiKey'],
  ['post', '/v1/session', false, 'createSession'],
  ['post', '/v1/oauth/authorizations', false, 'createOauthAuthorization'],
  ['post', '/v1/connections/{id}/credentials', false, 'createConnectionCredential'],
  ['post', '/v1/replays/{id}/pause', false, 'pauseReplay'],
  ['post', '/v1/connections/{id}/rotate-secret', false, 'rotateConnectionSecret'],
  ['post', '/v1/dead-letters/{id}/retry', false, 'retryDeadLetter'],
  ['post', '/v1/dead-letters/retry', false, 'retryDeadLetters'],
  ['post', '/v1/reconcile/resume', false, 'resumeReconcile'],
  ['post', '/v1/connections/{id}/credentials/{key_id}/revoke', false, 'revokeConnectionCredential'],
  ['patch', '/v1/connections/{id}', false, 'updateConnection'],
  ['put', '/v1/replay-predicates/{name}', false, 'putReplayPredicate'],
  ['delete', '/v1/session', false, 'deleteSession'],
  ['delete', '/v1/connections/{id}', false, 'deleteConnection'],
  ['post', '/webhooks/{provider}/{connection_id}', false, 'createWebhookByConnectionId'],
  ['get', '/webhooks/{provider}/{connection_id}/{secret}', false, 'getWebhookBySecret'],
] as const;

it.each(cases)('%s %s (a list: %s) is %s', (method, path, isList, name) => {
  expect(operationId(method, path, isList)).toBe(name);
});
