import { describe, expect, it } from 'vitest';
import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { Receiver } from '#adapters/kit/conformance/receiver.ts';
import { salesforceAdapter } from './adapter.ts';
import { outcomeOf, outcomesByStage } from './outcome.ts';
import { settingsSchema } from './settings.ts';
import { writeOutboundMessage } from './write-message.ts';

// Real: mapping and resolution, of all ways in together. What a single way makes is in the vectors.

const ID = '0065g00000XyZabAAF';
const settings = settingsSchema.parse({
  organization_id: '00D5g000004ABCDEA4',
  opportunity_stages: [
    { MasterLabel: 'Open', IsClosed: false, IsWon: false },
    { MasterLabel: 'Gewonnen', ApiName: 'Won', IsClosed: true, IsWon: true },
    { MasterLabel: 'Lost', IsClosed: true, IsWon: false },
  ],
});

const at = (second: number) => `2026-01-15T10:20:${String(second).padStart(2, '0')}.000Z`;

let sequence = 0;
function toRequest(body: string | Buffer, headers: WebhookRequest['headers']): WebhookRequest {
  const receivedAtMs = Date.parse(at(59));
  return { method: 'POST', url: 'https://x/', headers, body: Buffer.from(body), receivedAtMs };
}

function outbound(second: number, fields: Record<string, string | boolean> = {}) {
  sequence += 1;
  const record = { Id: ID, CreatedDate: at(0), SystemModstamp: at(second), ...fields };
  const id = `04l5g00000${String(sequence).padStart(5, '0')}`;
  const body = writeOutboundMessage({
    organizationId: settings.organization_id,
    actionId: '04k5g0000008XYZAA2',
    object: 'Opportunity',
    notifications: [{ id, record }],
  });
  return toRequest(body, {});
}

function callout(operation: string, fields: object = {}, more: object = {}) {
  sequence += 1;
  const record = { Id: ID, ...fields };
  const event = { id: String(sequence), operation, object: 'Opportunity', record, ...more };
  return toRequest(JSON.stringify({ events: [event] }), { 'x-tributary-signature': '-' });
}

function cdc(second: number, changeType: string, fields: object = {}) {
  sequence += 1;
  const ChangeEventHeader = {
    entityName: 'Opportunity',
    recordIds: [ID],
    changeType,
    transactionKey: String(sequence),
    sequenceNumber: 1,
    commitTimestamp: Date.parse(at(second)),
  };
  const body = JSON.stringify({ ChangeEventHeader, ...fields });
  return toRequest(body, { 'x-tributary-signature': '-' });
}

/** What each request turned out to mean, in order. */
function verbs(requests: readonly WebhookRequest[], connectedAtMs = Date.parse(at(1))): string[][] {
  const receiver = new Receiver(salesforceAdapter.bind(settings), connectedAtMs);
  return requests.map((request) =>
    receiver.take(request).events.map(({ event_type }) => event_type.replace('opportunity.', '')),
  );
}

const OPEN = { StageName: 'Open', IsClosed: false, IsWon: false };
const WON = { StageName: 'Won', IsClosed: true, IsWon: true };

describe('one record told in several ways', () => {
  it.each<readonly [name: string, requests: readonly WebhookRequest[], expected: string[][]]>([
    [
      'messages, and a deletion by callout',
      [outbound(2, OPEN), outbound(3, WON), callout('delete', {}, { occurred_at: at(4) })],
      [['created'], ['updated', 'won'], ['deleted']],
    ],
    [
      'a message that was under way when the record was deleted',
      [outbound(2, OPEN), callout('delete', {}, { occurred_at: at(4) }), outbound(3, WON)],
      [['created'], ['deleted'], []],
    ],
    [
      'a deletion by callout that states no time',
      [outbound(2, OPEN), callout('delete'), outbound(3, WON)],
      [['created'], ['deleted'], []],
    ],
    [
      'a record that came back, seen in a message',
      [outbound(2, OPEN), callout('delete', {}, { occurred_at: at(3) }), outbound(4, OPEN)],
      [['created'], ['deleted'], ['created']],
    ],
    [
      'a change event and then the message of the same won',
      [outbound(2, OPEN), cdc(3, 'UPDATE', { StageName: 'Won' }), outbound(3, WON)],
      [['created'], ['updated', 'won'], ['updated']],
    ],
    [
      'the message of a won and then its change event',
      [outbound(2, OPEN), outbound(3, WON), cdc(3, 'UPDATE', { StageName: 'Won' })],
      [['created'], ['updated', 'won'], []],
    ],
    [
      'a change event newer than the message behind it',
      [cdc(2, 'CREATE', OPEN), cdc(4, 'UPDATE', { Name: 'x' }), outbound(3, WON)],
      [['created'], ['updated'], []],
    ],
    [
      'a callout without times does not make messages stale',
      [outbound(2, OPEN), callout('update', { Name: 'x' }), outbound(3, WON)],
      [['created'], ['updated'], ['updated', 'won']],
    ],
    [
      'a callout that is as old as the message before it',
      [outbound(2, OPEN), callout('update', { ...OPEN, SystemModstamp: at(2) })],
      [['created'], []],
    ],
    [
      'a change that came late, by change event',
      [outbound(2, OPEN), outbound(4, OPEN), cdc(3, 'UPDATE', { StageName: 'Won' })],
      [['created'], ['updated'], ['updated']],
    ],
    [
      'deletions in both ways',
      [outbound(2, OPEN), cdc(3, 'DELETE'), callout('delete', {}, { occurred_at: at(3) })],
      [['created'], ['deleted'], []],
    ],
    [
      'a gap',
      [outbound(2, OPEN), cdc(3, 'GAP_UPDATE'), outbound(4, WON)],
      [['created'], ['updated'], ['updated', 'won']],
    ],
  ])('%s', (_name, requests, expected) => {
    expect(verbs(requests)).toEqual(expected);
  });

  it('is updated, not created, where it was there before the connection', () => {
    const connectedAtMs = Date.parse(at(0)) + 3_600_000;
    expect(verbs([outbound(2, WON)], connectedAtMs)).toEqual([['updated', 'won']]);
    expect(verbs([outbound(0, OPEN)], connectedAtMs)).toEqual([['created']]);
  });
});

describe('the outcome of an opportunity', () => {
  const byStage = outcomesByStage(settings.opportunity_stages);

  it.each<readonly [record: Record<string, unknown>, outcome: string | undefined]>([
    [{ IsClosed: true, IsWon: true }, 'won'],
    [{ IsClosed: true, IsWon: false }, 'lost'],
    [{ IsClosed: false, IsWon: false }, 'open'],
    [{ IsClosed: 'true', IsWon: 'false' }, 'lost'],
    [{ IsWon: true }, 'won'],
    [{ IsWon: false }, undefined],
    [{ IsClosed: true }, undefined],
    [{ IsClosed: false, StageName: 'Won' }, 'open'],
    [{ IsClosed: true, StageName: 'Lost' }, 'lost'],
    [{ StageName: 'Won' }, 'won'],
    [{ StageName: 'Gewonnen' }, 'won'],
    [{ StageName: 'Lost' }, 'lost'],
    [{ StageName: 'Open' }, 'open'],
    [{ StageName: 'won' }, undefined],
    [{ StageName: 'constructor' }, undefined],
    [{ StageName: null }, undefined],
    [{}, undefined],
  ])('of %j is %s', (record, outcome) => {
    expect(outcomeOf(record, byStage)).toBe(outcome);
  });

  it('is not told by a stage where none is listed', () => {
    expect(outcomeOf({ StageName: 'Closed Won' }, outcomesByStage([]))).toBeUndefined();
  });
});
