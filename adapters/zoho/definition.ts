/** Name in URLs and rows. */
export const PROVIDER = 'zoho';
export const TITLE = 'Zoho CRM';

/** What happened to a record. */
export type Change = 'created' | 'updated' | 'deleted';

/** An entity type, and the event type of its observations. */
export interface Entity {
  readonly type: string;
  readonly observed: string;
}

/** Modules that are mapped, by their API name. Source: Zoho CRM API v8, "Modules". */
export const MODULES: ReadonlyMap<string, Entity> = new Map([
  ['Contacts', entity('contact')],
  ['Accounts', entity('account')],
  ['Deals', entity('deal')],
]);

/**
 * Operations by every spelling there is. Source: Zoho CRM API v8, "Enable Notifications", whose
 * payloads say insert, update and delete, and whose subscriptions say create and edit.
 */
export const OPERATIONS: ReadonlyMap<string, Change> = new Map([
  ['insert', 'created'],
  ['create', 'created'],
  ['update', 'updated'],
  ['edit', 'updated'],
  ['delete', 'deleted'],
]);

/** Every event type consumers get. The drafts are observations of the three entities. */
export const EVENT_TYPES: readonly string[] = [
  ...[...MODULES.values()].flatMap(({ type }) => [
    `${type}.created`,
    `${type}.updated`,
    `${type}.deleted`,
  ]),
  'deal.won',
  'deal.lost',
];

/** Why a record of a body is no event: docs/providers/zoho.md. */
export const SKIP_REASONS = [
  'unknown_module',
  'unknown_operation',
  'invalid_item',
  'repeated_in_batch',
] as const;

/** Longest token of a channel. Source: Zoho CRM API v8, "Enable Notifications". */
export const MAX_TOKEN_LENGTH = 50;

/** Most records of one request. Zoho documents no bound; this one is ours. */
export const MAX_IDS = 1_000;

function entity(type: string): Entity {
  return { type, observed: `${type}.observed` };
}
