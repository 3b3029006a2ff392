import { createHmac } from 'node:crypto';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { check } from './check.ts';
import { checkText } from './check-text.ts';

export type Json = Record<string, unknown>;

export const SECRET = 'the-signing-key-of-the-shop';
export const T = 1_700_000_000;
export const BODY = '{"type":"order.paid","id":"o-1","total":19.90}';
export const URL = 'https://hooks.example.com/webhooks/custom/c1';
export const extract = { eventType: '/type', entity: { id: '/id' } };
export const signature = { from: 'header', name: 'X-Sig' };
export const hmac = { scheme: 'hmac', signature };
export const timed = {
  ...hmac,
  content: '{timestamp}.{body}',
  timestamp: { from: 'header', name: 'X-Time', unit: 's' },
};

export const mac = (content: string, algorithm = 'sha256', key: string | Buffer = SECRET) =>
  createHmac(algorithm, key).update(content).digest();
export const hex = (content: string, algorithm?: string, key?: string | Buffer) =>
  mac(content, algorithm, key).toString('hex');

export function request(headers: WebhookRequest['headers'], change: Partial<WebhookRequest> = {}) {
  return {
    method: 'POST',
    url: URL,
    headers,
    body: Buffer.from(BODY),
    receivedAtMs: T * 1000,
    ...change,
  };
}

export function run(definition: Json, sent: WebhookRequest, secrets: readonly string[] = [SECRET]) {
  const report = check({ definition, request: sent, secrets, notes: [] });
  return { report, text: checkText(report) };
}

export const by = (scheme: Json, rest: Json = {}) => ({ verification: [scheme], extract, ...rest });
