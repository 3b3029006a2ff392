/** Name in URLs and rows. */
export const PROVIDER = 'hubspot';
export const TITLE = 'HubSpot';

/** What a notification reports, the part of its subscription type after the dot. */
export type ChangeKind =
  | 'creation'
  | 'restore'
  | 'deletion'
  | 'privacyDeletion'
  | 'propertyChange'
  | 'merge'
  | 'associationChange'
  | 'newMessage';

/** An entity type with its event types spelled once, so that no request builds them. */
export interface Entity {
  readonly type: string;
  readonly created: string;
  readonly updated: string;
  readonly deleted: string;
  readonly associated: string;
  readonly dissociated: string;
}

export interface SubscriptionType {
  /** Undefined for the generic `object.*`: the notification's object type id names the entity. */
  readonly entity: Entity | undefined;
  readonly kind: ChangeKind;
}

/** The event of a deal that comes to an end, by how it ends. */
export const OUTCOME_EVENTS = { won: 'deal.won', lost: 'deal.lost' } as const;
/** A notification of a deal before it is known what it means; never seen by consumers. */
export const DEAL_OBSERVED = 'deal.observed';
export const MESSAGE_ADDED = 'conversation.message_added';

/**
 * Object type ids of generic subscriptions. Source: HubSpot developer documentation,
 * "Understanding the CRM", table of object type ids.
 */
const OBJECT_TYPE_IDS: Readonly<Record<string, string>> = {
  '0-1': 'contact',
  '0-2': 'company',
  '0-3': 'deal',
  '0-5': 'ticket',
  '0-7': 'product',
  '0-8': 'line_item',
};

const KINDS_OF_OBJECTS: readonly ChangeKind[] = [
  'creation',
  'restore',
  'deletion',
  'propertyChange',
  'merge',
  'associationChange',
];

const KINDS_OF_CONVERSATIONS: readonly ChangeKind[] = [
  'creation',
  'deletion',
  'privacyDeletion',
  'propertyChange',
  'newMessage',
];

const OBJECTS: readonly Entity[] = Object.values(OBJECT_TYPE_IDS).map(entity);
const CONVERSATION = entity('conversation');

/** Every other object type id, custom objects first of all: its ids are unique per type only. */
export const CUSTOM_OBJECT: Entity = entity('custom_object');

/** The entity of an object type id such as `0-3`; CUSTOM_OBJECT when the id is not a known one. */
export const ENTITIES_BY_TYPE_ID: ReadonlyMap<string, Entity> = new Map(
  Object.keys(OBJECT_TYPE_IDS).map((id, index) => [id, OBJECTS[index] ?? CUSTOM_OBJECT]),
);

/**
 * Every subscription type that is understood. Source: HubSpot's public API specification of
 * webhooks, enumeration of `eventType`.
 */
export const SUBSCRIPTION_TYPES: ReadonlyMap<string, SubscriptionType> = new Map([
  ...OBJECTS.flatMap((object) => rules(object.type, object, KINDS_OF_OBJECTS)),
  ...rules('contact', OBJECTS[0], ['privacyDeletion']),
  ...rules('object', undefined, KINDS_OF_OBJECTS),
  ...rules('conversation', CONVERSATION, KINDS_OF_CONVERSATIONS),
]);

/** Why a notification is no event: docs/providers/hubspot.md. */
export const SKIP_REASONS = [
  'unknown_type',
  'invalid_item',
  'other_portal',
  'repeated_in_batch',
] as const;

/** Every event type the adapter can make. */
export const EVENT_TYPES: readonly string[] = [
  ...[...OBJECTS, CUSTOM_OBJECT].flatMap((object) => [
    object.created,
    object.updated,
    object.deleted,
    object.associated,
    object.dissociated,
  ]),
  OUTCOME_EVENTS.won,
  OUTCOME_EVENTS.lost,
  CONVERSATION.created,
  CONVERSATION.updated,
  CONVERSATION.deleted,
  MESSAGE_ADDED,
];

function entity(type: string): Entity {
  return {
    type,
    created: `${type}.created`,
    updated: `${type}.updated`,
    deleted: `${type}.deleted`,
    associated: `${type}.associated`,
    dissociated: `${type}.dissociated`,
  };
}

function rules(
  prefix: string,
  object: Entity | undefined,
  kinds: readonly ChangeKind[],
): [string, SubscriptionType][] {
  return kinds.map((kind) => [`${prefix}.${kind}`, { entity: object, kind }]);
}
