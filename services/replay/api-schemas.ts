import { z } from 'zod';
import { predicateSchema } from './predicate.ts';
import { REPLAY_MODES, REPLAY_STATES, type Replay } from './replay.ts';

/** As drivers of the bus name subscriptions, and consumers with them. */
const CONSUMER = /^(?!goog)[a-z][a-z0-9._~+-]{2,199}$/;
const PREDICATE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export const DEFAULT_MAX_EVENTS = 1_000_000;
const DEFAULT_RATE_PER_SECOND = 1_000;

export const predicateName = z
  .string()
  .regex(PREDICATE_NAME, 'use 1 to 64 lower-case letters, digits and . _ -')
  .describe('Name of a saved predicate.');

export const replayRequestSchema = z.strictObject({
  predicate: predicateSchema.default({}),
  predicate_name: predicateName
    .optional()
    .describe('A saved predicate; the parts of `predicate` take the place of its own.'),
  consumer: z
    .string()
    .regex(CONSUMER, 'is no name that a consumer can have')
    .optional()
    .describe('The one consumer it is for. Default all.'),
  mode: z
    .enum(REPLAY_MODES)
    .default('missing')
    .describe(
      'missing: consumers act on events they have not acted on. again: they act once more, once for each replay.',
    ),
  rate_per_second: z
    .int()
    .min(1)
    .max(1_000_000)
    .nullable()
    .default(DEFAULT_RATE_PER_SECOND)
    .describe('Events a second at most; null is as fast as it goes.'),
  max_events: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .default(DEFAULT_MAX_EVENTS)
    .describe('Refused when more than so many events agree.'),
  dry_run: z.boolean().default(false).describe('Only count, weigh and price it.'),
});

const usd = z
  .string()
  .meta({ examples: ['0.0420'] })
  .describe('US dollars, an estimate by list price.');

export const estimateSchema = z
  .object({
    dry_run: z.literal(true),
    predicate: predicateSchema,
    events: z.int().describe('Rows of the outbox; an event that stands there twice counts twice.'),
    bytes: z.int().describe('Of the messages, estimated.'),
    cost: z
      .object({
        publish_usd: usd,
        deliver_usd_per_subscription: usd,
        proof_usd: usd,
        read_usd: usd,
        prices_as_of: z.string().describe('The day of the prices.'),
      })
      .describe('Estimates, without free tiers; zero on the embedded platform.'),
    exceeds_max_events: z.boolean(),
  })
  .meta({ id: 'ReplayEstimate' });

export const replaySchema = z
  .object({
    id: z.string(),
    state: z.enum(REPLAY_STATES),
    predicate: predicateSchema,
    predicate_name: z.string().nullable(),
    consumer: z.string().nullable(),
    mode: z.enum(REPLAY_MODES),
    rate_per_second: z.int().nullable(),
    max_events: z.int(),
    matched: z.int().describe('Events that agreed when it was asked for.'),
    published: z.int().describe('Messages that the bus confirmed.'),
    through: z.string().nullable().describe('Time of receipt up to which it has published.'),
    waits_for: z.string().nullable().describe('Code of the problem that it waits out.'),
    failure: z.string().nullable(),
    created_by: z.string(),
    created_at: z.string(),
    started_at: z.string().nullable(),
    finished_at: z.string().nullable(),
    process: z.string().nullable().describe('The process that worked on it last.'),
  })
  .meta({ id: 'Replay' });

export type ReplayView = z.infer<typeof replaySchema>;

/** A replay as the API shows it. */
export function shown(replay: Replay): ReplayView {
  return {
    id: replay.id,
    state: replay.state,
    predicate: replay.predicate,
    predicate_name: replay.predicateName,
    consumer: replay.consumer,
    mode: replay.mode,
    rate_per_second: replay.ratePerSecond,
    max_events: replay.maxEvents,
    matched: replay.matched,
    published: replay.published,
    through: replay.position?.received_at ?? null,
    waits_for: replay.waitsFor,
    failure: replay.failure,
    created_by: replay.createdBy,
    created_at: replay.createdAt,
    started_at: replay.startedAt,
    finished_at: replay.finishedAt,
    process: replay.process,
  };
}
