import { z } from 'zod';
import { isStorableText, NOT_STORABLE } from '../connections/storable.ts';
import { nextCursor, pageQuery } from '../http/paging.ts';
import { CHECK_OUTCOMES } from './check.ts';
import { CIRCUIT_STATES } from './circuit.ts';
import { LOG_KINDS, LOG_LEVELS } from './connection-log.ts';
import { HEALTH_STATUSES } from './health-status.ts';
import { WINDOWS } from './windows.ts';

const share = z.string().nullable().describe('A decimal from 0 to 1; null without checks.');
const milliseconds = z.int().nullable().describe('Of successful checks; null without any.');

export const connectionHealthSchema = z.object({
  connection_id: z.string(),
  status: z
    .enum(HEALTH_STATUSES)
    .describe(
      'degraded: the last check failed, or some of the last hour. failing: the last three did, the provider is not called for now, or the connection is in error. unknown: there is nothing to tell it from.',
    ),
  reason: z.string().describe('Why, in words; empty when it is healthy.'),
  interval_seconds: z.int(),
  last_check_at: z.string().nullable(),
  last_outcome: z
    .enum(['ok', 'failed'])
    .nullable()
    .describe('Null before the first check, and where there is nothing to check by.'),
  next_check_at: z.string().nullable().describe('Null while it is disabled or disconnected.'),
  circuit: z.object({
    state: z
      .enum(CIRCUIT_STATES)
      .describe(
        'open: the provider is not called. half_open: one call is under way to find out. closed: it is called.',
      ),
    failures_in_a_row: z.int(),
    since: z.string().nullable().describe('Null while it is closed.'),
    retry_at: z.string().nullable().describe('When a call may pass again.'),
  }),
  windows: z.array(
    z.object({
      window: z.enum(WINDOWS),
      checks: z.int(),
      failed: z.int(),
      uptime: share,
      error_rate: share,
      p50_ms: milliseconds,
      p95_ms: milliseconds,
      max_ms: milliseconds,
    }),
  ),
  recent_errors: z
    .array(
      z.object({
        checked_at: z.string(),
        code: z.string().nullable(),
        detail: z.string().nullable(),
        duration_ms: z.int(),
      }),
    )
    .describe('The latest ten, latest first.'),
});

export const checkAnswerSchema = z.object({
  connection_id: z.string(),
  outcome: z
    .enum(CHECK_OUTCOMES)
    .describe(
      'not_checkable: there is nothing to check by. skipped: nothing was found out; code and detail say why.',
    ),
  code: z.string().nullable(),
  detail: z.string().nullable(),
  duration_ms: z.int().nullable(),
  account: z
    .object({ id: z.string().nullable(), name: z.string().nullable() })
    .nullable()
    .describe('The account that the credentials belong to, where the provider tells.'),
});

export const checkAllAnswerSchema = z.object({
  checked: z.int(),
  ok: z.int(),
  failed: z.int(),
  not_checkable: z.int(),
  skipped: z.int(),
  left_out: z
    .int()
    .describe('There are more than 200, or the time did not suffice: these were not checked.'),
  failures: z.array(z.object({ connection_id: z.string(), code: z.string(), detail: z.string() })),
});

export const healthTotalsSchema = z.object({
  connections: z.int(),
  by_health: z
    .record(z.enum(HEALTH_STATUSES), z.int())
    .meta({ examples: [{ healthy: 7, degraded: 1, failing: 0, unknown: 2 }] }),
  by_status: z
    .record(z.enum(['active', 'inactive', 'error', 'disconnected']), z.int())
    .meta({ examples: [{ active: 9, inactive: 0, error: 1, disconnected: 0 }] }),
  circuits_open: z.int().describe('Those that are half open included.'),
});

const text = z.string().min(1).max(200).refine(isStorableText, NOT_STORABLE);

export const logQuerySchema = z.strictObject({
  level: z.enum(LOG_LEVELS).optional(),
  kind: z.enum(LOG_KINDS).optional(),
  from: z.iso.datetime({ offset: true }).optional().describe('Inclusive, RFC 3339.'),
  to: z.iso.datetime({ offset: true }).optional().describe('Exclusive, RFC 3339.'),
  text: text.optional().describe('Stands in the code or the message.'),
  ...pageQuery,
});

export const logPageSchema = z.object({
  logs: z.array(
    z.object({
      logged_at: z.string(),
      level: z.enum(LOG_LEVELS),
      kind: z.enum(LOG_KINDS),
      code: z.string(),
      message: z.string(),
      data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      occurrences: z.int().describe('How often it happened within the minute.'),
      last_at: z.string().describe('When it happened last in that minute.'),
    }),
  ),
  next_cursor: nextCursor,
});
