import { z } from 'zod';
import { findInexact } from './exact.ts';

/** Version of the canonical envelope; grows only with changes readers must know of. */
export const SCHEMA_VERSION = '1.0';

/** "entity.verb", lower case: `deal.won`, `line_item.created`. */
export const EVENT_TYPE_PATTERN = /^[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}$/;

/** The verb of what a provider told before it is known what it means. */
const OBSERVED = '.observed';

/**
 * True for an event that only says that an entity was seen in some state. It is resolved to the
 * events it amounts to before other consumers see them.
 */
export function isObservation(eventType: string): boolean {
  return eventType.endsWith(OBSERVED);
}

const id = (description: string) => z.string().min(1).max(256).describe(description);
const instant = (description: string) =>
  z.iso.datetime({ precision: 3 }).describe(`${description} RFC 3339 in UTC, milliseconds.`);

export const metadataSchema = z.strictObject({
  trace_id: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .describe('One trace from the webhook to every consumer (W3C trace id).'),
  source: z
    .enum(['webhook', 'poll', 'replay', 'canary', 'system'])
    .describe('How the change reached us.'),
  actor: id('Who changed it, as the provider says.').nullable(),
  timestamp: instant('When the envelope was made.'),
  observation_id: z
    .uuid({ version: 'v5' })
    .optional()
    .describe('The observation this event was resolved from, if it was.'),
  changed_fields: z
    .array(z.string().max(256))
    .max(1_000)
    .optional()
    .describe(
      'Of a resolved update: the fields that differ from what was known. Absent when nothing was known before.',
    ),
});

export const eventSchema = z
  .strictObject({
    event_id: z.uuid({ version: 'v5' }).describe('Deterministic: the same change has the same id.'),
    event_type: z
      .string()
      .regex(EVENT_TYPE_PATTERN)
      .describe('"entity.verb", for example deal.won.'),
    entity_type: id('Kind of the entity, the part of event_type before the dot.'),
    entity_id: id("The provider's id of the entity, as text."),
    tenant_id: id('The customer of the platform.'),
    org_id: id('Organisation inside the tenant; null is platform level.').nullable(),
    connection_id: id('The connection that received the change.'),
    provider: id('The provider of the connection, for example hubspot.'),
    occurred_at: instant('When it happened, as the provider says.'),
    received_at: instant('When we received it.'),
    schema_version: z.literal(SCHEMA_VERSION),
    payload: z
      .record(z.string(), z.unknown())
      .superRefine((payload, context) => {
        const inexact = findInexact(payload);
        if (inexact) {
          context.addIssue({ code: 'custom', path: inexact.path, message: inexact.message });
        }
      })
      .describe("The provider's facts. Decimals are strings; JSON numbers are safe integers only."),
    metadata: metadataSchema,
  })
  .describe('The canonical event: one change of one entity at one provider.');

/** The canonical event (R4). Wire form and type are one: field names are as sent. */
export type CanonicalEvent = z.infer<typeof eventSchema>;
export type EventMetadata = z.infer<typeof metadataSchema>;
