import type { Random } from '#adapters/kit/sandbox/random.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import type { DealPipeline } from '../deal-stages.ts';
import { DealBoard } from './deal-board.ts';

/** A notification as HubSpot sends it; see docs/providers/hubspot.md for the fields. */
export interface SandboxNotification {
  readonly eventId: number;
  readonly subscriptionId: number;
  readonly portalId: number;
  readonly appId: number;
  readonly occurredAt: number;
  readonly subscriptionType: string;
  readonly attemptNumber: number;
  readonly objectId?: number;
  readonly changeSource: string;
  readonly sourceId: string;
  readonly [field: string]: unknown;
}

const OBJECT_TYPES = ['contact', 'company', 'deal'] as const;
type ObjectType = (typeof OBJECT_TYPES)[number];

const FIRST_NAMES = ['Ada', 'Björn', 'Chidi', 'Đorđe', 'Émilie', 'Fatima', '健', 'Zoë'];
const CITIES = ['Aarhus', 'Kraków', 'Lagos', 'Lima', 'Montréal', 'Osaka', 'Zürich'];

/** How often each kind of change happens, in parts of a hundred. */
const WEIGHTS: readonly (readonly [kind: Kind, parts: number])[] = [
  ['creation', 22],
  ['propertyChange', 66],
  ['deletion', 4],
  ['restore', 2],
  ['associationChange', 4],
  ['merge', 1],
  ['privacyDeletion', 1],
];
type Kind =
  | 'creation'
  | 'propertyChange'
  | 'deletion'
  | 'restore'
  | 'associationChange'
  | 'merge'
  | 'privacyDeletion';

const DRAW: readonly Kind[] = WEIGHTS.flatMap(([kind, parts]) => Array<Kind>(parts).fill(kind));

/** Subscription types the account can change by. */
export const SANDBOX_TYPES: readonly string[] = OBJECT_TYPES.flatMap((type) =>
  WEIGHTS.map(([kind]) => `${type}.${kind}`),
).filter((type) => type === 'contact.privacyDeletion' || !type.endsWith('.privacyDeletion'));

interface Book {
  readonly live: number[];
  readonly deleted: number[];
}

export interface AccountOptions {
  readonly portalId: number;
  readonly appId: number;
  /** Of the settings; none stands for the default pipeline. */
  readonly dealPipelines: readonly DealPipeline[];
  readonly random: Random;
  readonly nowMs: () => number;
}

/** A HubSpot account whose contacts, companies and deals change, one change at a time. */
export class Account {
  readonly #options: AccountOptions;
  readonly #books: Readonly<Record<ObjectType, Book>> = {
    contact: { live: [], deleted: [] },
    company: { live: [], deleted: [] },
    deal: { live: [], deleted: [] },
  };
  readonly #board: DealBoard;
  #nextObjectId = 9_000_000_001;
  #nextEventId = 3_000_000_001;

  constructor(options: AccountOptions) {
    this.#options = options;
    this.#board = new DealBoard(options.dealPipelines, options.random);
  }

  /**
   * Makes one change and tells of it. A change that needs an object where there is none creates
   * one silently: its own creation went unheard before the subscription began.
   *
   * @param type a subscription type of SANDBOX_TYPES; by default a random one
   * @throws InvalidRequest when the type is not one of them
   */
  change(type: string = this.#randomType()): SandboxNotification {
    if (!SANDBOX_TYPES.includes(type)) {
      throw new InvalidRequest(`The type is not one of: ${SANDBOX_TYPES.join(', ')}.`);
    }
    const [objectType, kind] = type.split('.') as [ObjectType, Kind];
    return {
      eventId: this.#nextEventId++,
      subscriptionId: 1000 + SANDBOX_TYPES.indexOf(type),
      portalId: this.#options.portalId,
      appId: this.#options.appId,
      occurredAt: this.#options.nowMs(),
      subscriptionType: type,
      attemptNumber: 0,
      ...this.#fields(objectType, kind),
      changeSource: this.#options.random.pick(['CRM', 'CRM_UI', 'API', 'IMPORT']),
      sourceId: `userId:${this.#options.random.integer(100, 120)}`,
    };
  }

  /** The ids of what there is, by object type. */
  records(): Readonly<Record<ObjectType, Book>> {
    return this.#books;
  }

  #randomType(): string {
    const { random } = this.#options;
    const objectType = random.pick(OBJECT_TYPES);
    const type = `${objectType}.${random.pick(DRAW)}`;
    return SANDBOX_TYPES.includes(type) ? type : `${objectType}.propertyChange`;
  }

  #fields(objectType: ObjectType, kind: Kind): Record<string, unknown> {
    const book = this.#books[objectType];
    switch (kind) {
      case 'creation':
        return { objectId: this.#create(objectType), changeFlag: 'NEW' };
      case 'propertyChange':
        return this.#changeProperty(objectType);
      case 'deletion':
      case 'privacyDeletion': {
        const objectId = this.#remove(objectType);
        if (kind === 'deletion') book.deleted.push(objectId);
        return { objectId, changeFlag: 'DELETED' };
      }
      case 'restore': {
        const objectId = book.deleted.pop() ?? this.#create(objectType);
        if (!book.live.includes(objectId)) book.live.push(objectId);
        return { objectId, changeFlag: 'RESTORED' };
      }
      case 'merge':
        return this.#merge(objectType);
      case 'associationChange':
        return this.#associate(objectType);
    }
  }

  #create(objectType: ObjectType): number {
    const objectId = this.#nextObjectId++;
    this.#books[objectType].live.push(objectId);
    return objectId;
  }

  #any(objectType: ObjectType): number {
    const { live } = this.#books[objectType];
    return live.length === 0 ? this.#create(objectType) : this.#options.random.pick(live);
  }

  #remove(objectType: ObjectType): number {
    const objectId = this.#any(objectType);
    const { live } = this.#books[objectType];
    live.splice(live.indexOf(objectId), 1);
    this.#board.remove(objectId);
    return objectId;
  }

  #changeProperty(objectType: ObjectType): Record<string, unknown> {
    const { random } = this.#options;
    const objectId = this.#any(objectType);
    const of = (propertyName: string, propertyValue: string) => ({
      objectId,
      propertyName,
      propertyValue,
    });
    if (objectType === 'contact') {
      return random.next() < 0.5
        ? of('firstname', random.pick(FIRST_NAMES))
        : of('email', `person${random.integer(1, 99_999)}@example.com`);
    }
    if (objectType === 'company') {
      return random.next() < 0.5
        ? of('city', random.pick(CITIES))
        : of('annualrevenue', this.#amount());
    }
    if (random.next() < 0.4) return of('amount', this.#amount());
    return of('dealstage', this.#board.advance(objectId));
  }

  /** Decimal text; made of integers, for a double would round. */
  #amount(): string {
    const { random } = this.#options;
    return `${random.integer(1, 250_000)}.${String(random.integer(0, 99)).padStart(2, '0')}`;
  }

  #merge(objectType: ObjectType): Record<string, unknown> {
    const away = this.#remove(objectType);
    const primaryObjectId = this.#any(objectType);
    const numberOfPropertiesMoved = this.#options.random.integer(0, 12);
    return {
      objectId: primaryObjectId,
      primaryObjectId,
      mergedObjectIds: [away],
      numberOfPropertiesMoved,
    };
  }

  #associate(objectType: ObjectType): Record<string, unknown> {
    const { random } = this.#options;
    const other = objectType === 'company' ? 'contact' : 'company';
    return {
      associationType: `${objectType}_TO_${other}`.toUpperCase(),
      fromObjectId: this.#any(objectType),
      toObjectId: this.#any(other),
      associationRemoved: random.next() < 0.3,
      isPrimaryAssociation: random.next() < 0.5,
    };
  }
}
