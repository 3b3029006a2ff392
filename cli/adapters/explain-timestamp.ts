import type { RefusalReason } from '#adapters/kit/adapter.ts';
import { parseInstant } from '#adapters/kit/instant.ts';
import type { TimestampDefinition } from '#adapters/kit/verification/definitions.ts';
import { type RequestReader, readPlace } from '#adapters/kit/verification/request-reader.ts';
import { readTimestamp, timestampRefusal } from '#adapters/kit/verification/timestamp.ts';
import { explainMissing, placeText } from './explain-missing.ts';
import { type Explanation, type Look, spanText } from './explanation.ts';

const UNITS = ['s', 'ms', 'iso8601'] as const;

/** What the timestamp of a request says, how old it is, and what is wrong with it. */
export function explainTimestamp(
  definition: TimestampDefinition,
  { reader, show }: Pick<Look, 'reader' | 'show'>,
): Explanation & { readonly reason: RefusalReason | undefined } {
  const { from, name, unit, toleranceSeconds, futureSkewSeconds } = definition;
  const { receivedAtMs } = reader.request;
  const text = readTimestamp(definition, reader);
  const reason = timestampRefusal(definition, text, receivedAtMs);
  const place = placeText(from, name);
  if (text === undefined) {
    return { reason, facts: [], why: [whyMissing(definition, reader)] };
  }
  const ms = parseInstant(text, unit);
  if (ms === undefined) {
    const other = UNITS.find((one) => parseInstant(text, one) !== undefined);
    const advice = other === undefined ? '' : ` It could be of unit ${other}.`;
    const why = [`${show(text)} is no time of unit ${unit}.${advice}`];
    return { reason, facts: [['timestamp', `${place}: ${show(text)}`]], why };
  }
  const at = new Date(ms).toISOString();
  const age = receivedAtMs - ms;
  const distance = age < 0 ? `${spanText(-age)} after` : `${spanText(age)} before`;
  const window = `from ${toleranceSeconds} s before to ${futureSkewSeconds} s after is accepted`;
  const facts: Explanation['facts'] = [
    ['timestamp', `${place}: ${at}, ${distance} the receipt; ${window}`],
  ];
  if (reason === undefined) return { reason, facts, why: [] };
  const why = [
    `The timestamp is ${distance} the time of receipt. ${outside(definition, text, at)}`,
  ];
  return { reason, facts, why };
}

/** What to do about a time outside the window: the unit is wrong, or the request is a recording. */
function outside({ unit }: TimestampDefinition, text: string, at: string): string {
  const digits = text.split('.')[0]?.length ?? 0;
  if (unit === 's' && digits > 11) return 'It has the digits of milliseconds: is unit ms?';
  if (unit === 'ms' && digits < 12) return 'It has the digits of seconds: is unit s?';
  return `If the request was recorded, give the time of its receipt: --at ${at}`;
}

function whyMissing(definition: TimestampDefinition, reader: RequestReader): string {
  const { from, name, key, separator } = definition;
  const text = readPlace(reader, from, name);
  if (text === undefined || key === undefined) return explainMissing(reader, from, name);
  return `The ${placeText(from, name)} holds no single ${key}=… between ${JSON.stringify(separator)}.`;
}
