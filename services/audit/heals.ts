import { isObservation } from '#schemas/event.ts';
import type { AuditState, MissingEvent } from './audit-report.ts';
import { MINUTE_MS, toInstant } from './window.ts';

export interface Ailing {
  readonly kind: MissingEvent['kind'];
  readonly state: AuditState;
  readonly minuteMs: number;
  readonly consumer?: string | undefined;
  readonly eventType?: string | undefined;
}

/** What makes an event good that is not everywhere it should be; a command where one is needed. */
export function healsBy({ kind, state, minuteMs, consumer, eventType }: Ailing): string {
  if (kind === 'in_spool') return 'the spool is drained by itself as soon as a store answers';
  if (kind === 'dead_letter') {
    return state === 'healing' ? 'it is tried again' : 'retry the dead letter, or drop it';
  }
  if (kind === 'without_outbox_row') {
    return 'reconciliation appends it from its proof of passage, every few minutes';
  }
  if (state === 'healing') {
    return kind === 'without_proof'
      ? 'reconciliation publishes it again, every few minutes'
      : 'it is on its way to the consumer';
  }
  const command = [
    'npx tributary replay',
    `--from ${toInstant(minuteMs)} --to ${toInstant(minuteMs + MINUTE_MS)}`,
    // A replay takes observations only when it is told to; they have one consumer.
    ...(eventType !== undefined && isObservation(eventType)
      ? [`--type ${eventType}`]
      : consumer === undefined
        ? []
        : [`--consumer ${consumer}`]),
  ];
  return command.join(' ');
}
