import { isObservation } from '#schemas/event.ts';
import type { AuditState, MissingEvent } from './audit-report.ts';
import { MINUTE_MS, toInstant } from './window.ts';

export interface Ailing {
  readonly kind: MissingEvent['kind'];
  readonly state: AuditState;
  readonly minuteMs: number;
  readonly consumer?: string | undefined;
  readonly eventType?: string | undefined;
  readonly deadLetterId?: string | undefined;
}

/** A message is published a moment after its event was received. */
const PUBLISHED_WITHIN_MS = 10 * MINUTE_MS;

/** What makes an event good that is not everywhere it should be: by itself, or by a command. */
export function healsBy(ailing: Ailing): string {
  const { kind, state, minuteMs } = ailing;
  if (kind === 'in_spool') return 'the spool is drained by itself as soon as a store answers';
  if (kind === 'dead_letter') {
    return state === 'healing'
      ? 'it is tried again'
      : `npx tributary dead-letters retry ${ailing.deadLetterId}`;
  }
  if (kind === 'not_consumed') {
    return state === 'healing' ? 'it is on its way to the consumer' : replayCommand(ailing);
  }
  if (state === 'healing') return 'reconciliation sees to it every few minutes';
  const toMs = minuteMs + (kind === 'without_proof' ? MINUTE_MS : PUBLISHED_WITHIN_MS);
  return `npx tributary reconcile --from ${toInstant(minuteMs)} --to ${toInstant(toMs)}`;
}

function replayCommand({ minuteMs, consumer, eventType = '' }: Ailing): string {
  const range = `--from ${toInstant(minuteMs)} --to ${toInstant(minuteMs + MINUTE_MS)}`;
  // A replay takes observations only when it is told to; they have one consumer.
  const whose = isObservation(eventType) ? `--type ${eventType}` : `--consumer ${consumer}`;
  return `npx tributary replay ${range} ${whose}`;
}
