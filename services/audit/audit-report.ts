import { z } from 'zod';

/** What may be wrong with an event or a minute. */
const kind = z.enum([
  'not_outboxed',
  'uncounted',
  'without_proof',
  'without_outbox_row',
  'not_consumed',
  'in_spool',
  'dead_letter',
]);

const state = z
  .enum(['missing', 'healing', 'known'])
  .describe(
    'missing: should be there by now. healing: younger than the grace, or what carries it on is at it. known: no loss, or somebody is to decide.',
  );

const count = z.int().min(0);
const minute = z.string().describe('Minute of receipt, RFC 3339 in UTC.');

const disagreement = z.object({
  minute,
  kind,
  consumer: z.string().optional().describe('Of not_consumed.'),
  events: count.describe('How many.'),
  state,
});

const missingEvent = z.object({
  event_id: z.string(),
  kind,
  minute,
  consumer: z.string().optional().describe('Of not_consumed and dead_letter.'),
  state,
  heals: z.string().describe('What makes it good, or the command that does.'),
});

/** The answer of `GET /v1/audit` and of `tributary audit --json`. Fields are added, never changed. */
export const auditReportSchema = z
  .object({
    verdict: z
      .enum(['proved', 'healing', 'missing'])
      .describe(
        'proved: all that was accepted is stored, carried and consumed, but for known dead letters. healing: what is not yet will be. missing: it should be, and is not.',
      ),
    from: z.string().describe('Beginning of the first minute.'),
    to: z.string().describe('End of the last minute, exclusive; not after the minute under way.'),
    grace_minutes: count,
    totals: z.object({
      requests_accepted: count,
      events_accepted: count.describe('Of webhooks and other sources, as answered.'),
      events_resolved: count.describe('The same of what the resolver made of observations.'),
      receipts: count.describe('Pairs of id and time of receipt in the outbox.'),
      outboxed: count.describe('Ids in the outbox, by first receipt, observations included.'),
      observations: count,
      published: count.describe('Ids with a proof of passage; 0 where no proofs are written.'),
      replayed: count,
      spooled: count,
      spool_waiting: count,
      dead_lettered: count,
      consumed: z.record(z.string(), count).describe('By consumer.'),
    }),
    disagreements: z.array(disagreement).describe('Minutes whose figures disagree, in order.'),
    missing: z
      .array(missingEvent)
      .describe('Events that are not everywhere they should be: what is missing comes first.'),
    truncated: z.boolean().describe('True when there is more than is listed.'),
  })
  .meta({ id: 'AuditReport' });

export type AuditReport = z.infer<typeof auditReportSchema>;
export type AuditTotals = AuditReport['totals'];
export type Disagreement = z.infer<typeof disagreement>;
export type MissingEvent = z.infer<typeof missingEvent>;
export type AuditState = z.infer<typeof state>;
