/** Name in URLs and rows. */
export const PROVIDER = 'salesforce';
export const TITLE = 'Salesforce';

/** Objects that are understood, by API name, and the entity type each is. */
export const ENTITY_TYPES: ReadonlyMap<string, EntityType> = new Map([
  ['Account', 'account'],
  ['Contact', 'contact'],
  ['Opportunity', 'opportunity'],
]);

export type EntityType = 'account' | 'contact' | 'opportunity';

/** What happened to a record, as callouts say it. */
export type Operation = 'create' | 'update' | 'delete' | 'undelete';

/**
 * Change types of Change Data Capture, and the operation each is. `GAP_OVERFLOW` is none. Source:
 * Change Data Capture Developer Guide, "ChangeEventHeader Fields" and "Gap Event Fields".
 */
export const CHANGE_TYPES: ReadonlyMap<string, Operation> = new Map(
  (['create', 'update', 'delete', 'undelete'] as const).flatMap((operation) => [
    [operation.toUpperCase(), operation],
    [`GAP_${operation.toUpperCase()}`, operation],
  ]),
);
export const GAP_PREFIX = 'GAP_';
export const GAP_OVERFLOW = 'GAP_OVERFLOW';

/** Why a notification or change is no event: docs/providers/salesforce.md. */
export const SKIP_REASONS = [
  'unknown_object',
  'unknown_operation',
  'invalid_item',
  'empty_notification',
  'other_organization',
  'wildcard_record_id',
  'gap_overflow',
  'repeated_in_batch',
] as const;

/** Every event type consumers can get. Each is resolved from an observation. */
export const EVENT_TYPES: readonly string[] = [
  ...[...ENTITY_TYPES.values()].flatMap((type) => [
    `${type}.created`,
    `${type}.updated`,
    `${type}.deleted`,
  ]),
  'opportunity.won',
  'opportunity.lost',
];

/** The event type of an observation: what it means shows when it is resolved. */
export function observed(entityType: EntityType): string {
  return `${entityType}.observed`;
}
