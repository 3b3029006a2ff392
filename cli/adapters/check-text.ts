import { printable } from '../output.ts';
import type { Checked, CheckedEvent, CheckReport, Extraction } from './check-report.ts';
import type { SchemeFinding } from './explain-scheme.ts';

/** A report for people. Control characters of the request are made visible. */
export function checkText(report: CheckReport): string {
  const { checked } = report;
  const lines =
    checked === undefined
      ? faultLines(report)
      : [
          ...requestLines(report.title, checked),
          ...verificationLines(checked),
          ...extractionLines(checked.extraction),
        ];
  return `${lines.map(printable).join('\n')}\n`;
}

function faultLines({ faults }: CheckReport): string[] {
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
  return [
    `The definition has ${count}:`,
    ...faults.map(({ pointer, message }) => `  ${pointer}: ${message}`),
  ];
}

function requestLines(title: string | null, { request, notes }: Checked): string[] {
  const { method, url, headers, body_bytes, received_at, remote_address } = request;
  const from = remote_address === null ? '' : ` from ${remote_address}`;
  return [
    `definition  ${title ?? 'without a title'}, valid`,
    `request     ${method} ${url}`,
    `            ${counted(headers, 'header')}, body of ${counted(body_bytes, 'byte')}, received ${received_at}${from}`,
    ...notes.map((note) => `            ${note}`),
    '',
  ];
}

function verificationLines({ verification, request }: Checked): string[] {
  const { verified, reason, require, schemes, handshake } = verification;
  const outcome = verified ? 'verified' : `refused: ${reason}`;
  const how =
    handshake !== null
      ? ` (as handshake ${handshake})`
      : schemes.length > 1
        ? ` (${require} of ${schemes.length} schemes)`
        : '';
  return [
    `verification  ${outcome}${how}`,
    ...addressLines(verification, request),
    ...verification.handshakes.map((unmatched, index) =>
      unmatched === null
        ? `  handshake ${index}: matches`
        : `  handshake ${index}: another request, by its ${unmatched}`,
    ),
    ...schemes.flatMap(schemeLines),
    '',
  ];
}

function addressLines(
  { address_allowed }: Checked['verification'],
  { remote_address }: Checked['request'],
): string[] {
  if (address_allowed === null) return [];
  if (remote_address === null) {
    return ['  address: none is known. Give the address of the sender with --remote-address.'];
  }
  return [`  address: ${remote_address} is ${address_allowed ? '' : 'not '}on network.ipAllow`];
}

function schemeLines(
  { scheme, verified, reason, facts, why }: SchemeFinding,
  index: number,
): string[] {
  return [
    `  scheme ${index}, ${scheme}: ${verified ? 'verified' : reason}`,
    ...facts.map(([name, found]) => `    ${name.padEnd(11)} ${found}`),
    ...why.map((sentence) => `    ${sentence}`),
  ];
}

function extractionLines({ hypothetical, problem, events, skipped, answer }: Extraction): string[] {
  const would = hypothetical ? ', if it were verified' : '';
  if (problem !== undefined) {
    return [`extraction    refused: ${problem.code}${would}`, `  ${problem.detail}`];
  }
  const dropped = events.length + skipped.length === 0 && answer === undefined;
  return [
    `extraction    ${counted(events.length, 'event')}, ${skipped.length} skipped${would}`,
    ...events.flatMap(eventLines),
    ...skipped.map(
      ({ pointer, reason, detail }) => `  skipped ${pointer || '(the body)'}: ${reason}. ${detail}`,
    ),
    ...(dropped
      ? ['  Nothing became an event: a ping, an empty batch, or types that onUnknownType drops.']
      : []),
    ...(answer ? [`  answer ${answer.status} ${answer.content_type}: ${answer.body}`] : []),
  ];
}

function eventLines(event: CheckedEvent, index: number): string[] {
  const { event_type, entity_type, entity_id, occurred_at, actor, dedupe_key, payload } = event;
  const facts = [
    ['entity', `${entity_type} ${entity_id}`],
    ['occurred_at', occurred_at],
    ...(actor === null ? [] : [['actor', actor]]),
    ['dedupe key', dedupe_key],
  ];
  const [first = '', ...rest] = JSON.stringify(payload, null, 2).split('\n');
  return [
    `  event ${index}, ${event_type}`,
    ...facts.map(([name = '', found]) => `    ${name.padEnd(11)} ${found}`),
    `    ${'payload'.padEnd(11)} ${first}`,
    ...rest.map((line) => `    ${' '.repeat(11)} ${line}`),
  ];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
