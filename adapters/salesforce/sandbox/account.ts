import type { Random } from '#adapters/kit/sandbox/random.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import { KEY_PREFIXES, makeId } from '../make-id.ts';
import { Book, type ObjectName, type SandboxRecord } from './book.ts';

/** One change, and the way Salesforce tells of it. */
export type SandboxChange = OutboundChange | CaptureChange | CalloutChange;

/** An outbound message: notifications of one object. */
export interface OutboundChange {
  readonly way: 'outbound';
  readonly object: ObjectName;
  readonly notifications: readonly { readonly id: string; readonly record: SandboxRecord }[];
}

/** An event of Change Data Capture that a subscriber forwards. */
export interface CaptureChange {
  readonly way: 'cdc';
  readonly event: Readonly<Record<string, unknown>>;
}

/** An event of an Apex trigger. */
export interface CalloutChange {
  readonly way: 'callout';
  readonly event: Readonly<Record<string, unknown>>;
}

type Kind = 'create' | 'update' | 'delete' | 'undelete';

/** Objects the account has. */
export const OBJECTS: readonly ObjectName[] = ['Account', 'Contact', 'Opportunity'];
const KINDS: readonly Kind[] = ['create', 'update', 'delete', 'undelete'];

/** Kinds of changes, such as `opportunity.outbound` or `contact.callout.delete`. */
export const SANDBOX_TYPES: readonly string[] = OBJECTS.map((object) =>
  object.toLowerCase(),
).flatMap((object) => [
  `${object}.outbound`,
  ...KINDS.flatMap((kind) => [`${object}.cdc.${kind}`, `${object}.callout.${kind}`]),
]);

/** What happens when nobody says what, in parts of twenty: outbound messages tell of most. */
const DRAW: readonly string[] = [
  ...Array<string>(12).fill('outbound'),
  'cdc.create',
  'cdc.update',
  'cdc.update',
  'cdc.delete',
  'callout.create',
  'callout.update',
  'callout.delete',
  'callout.undelete',
];

/** Fields that change events do not have. Source: Object Reference, "Associated Objects". */
const NOT_CAPTURED = new Set(['Id', 'SystemModstamp', 'IsDeleted', 'IsClosed', 'IsWon']);

/**
 * A Salesforce organisation whose records change, one change at a time. Each change is told in one
 * way. A message carries the values right after its change, as if it were sent at once.
 */
export class Account {
  readonly #random: Random;
  readonly #book: Book;
  #sequence = 0;

  constructor(options: { readonly random: Random; readonly nowMs: () => number }) {
    this.#random = options.random;
    this.#book = new Book(options.random, options.nowMs);
  }

  /**
   * Makes one change. One that needs a record where there is none creates it silently: that went
   * unheard before anybody listened.
   *
   * @param type one of SANDBOX_TYPES; by default a random one
   * @throws InvalidRequest when the type is not one of them
   */
  change(type: string = this.#randomType()): SandboxChange {
    if (!SANDBOX_TYPES.includes(type)) {
      throw new InvalidRequest(`The type is not one of: ${SANDBOX_TYPES.join(', ')}.`);
    }
    const [name, way, kind] = type.split('.') as [string, SandboxChange['way'], Kind];
    const object = OBJECTS.find((one) => one.toLowerCase() === name) ?? 'Account';
    if (way === 'outbound') return this.#outbound(object, 1);
    const before = this.#book.target(object, kind);
    const record = this.#book.apply(object, kind, before);
    return way === 'cdc'
      ? { way, event: this.#captured(object, kind, before, record) }
      : { way, event: this.#called(object, kind, record) };
  }

  /** One message of so many notifications. Salesforce sends at most 100. */
  hugeChange(count: number): OutboundChange {
    return this.#outbound('Opportunity', count);
  }

  /** The records there are, by object. */
  records(): Readonly<Record<ObjectName, readonly SandboxRecord[]>> {
    return this.#book.records();
  }

  #randomType(): string {
    return `${this.#random.pick(OBJECTS).toLowerCase()}.${this.#random.pick(DRAW)}`;
  }

  #outbound(object: ObjectName, count: number): OutboundChange {
    const notifications = Array.from({ length: count }, () => {
      const kind = this.#random.next() < 0.3 ? 'create' : 'update';
      const record = this.#book.apply(object, kind, this.#book.target(object, kind));
      return { id: makeId(KEY_PREFIXES.Notification, this.#next()), record };
    });
    return { way: 'outbound', object, notifications };
  }

  /** Source: Change Data Capture Developer Guide, "Change Event Body Fields". */
  #captured(
    object: ObjectName,
    kind: Kind,
    before: SandboxRecord | undefined,
    record: SandboxRecord,
  ): Readonly<Record<string, unknown>> {
    const fields = Object.entries(record).filter(([name]) => !NOT_CAPTURED.has(name));
    const changed = fields.filter(([name, value]) => before?.[name] !== value);
    const stated = { create: fields, update: changed, delete: [], undelete: fields }[kind];
    const sequence = this.#next();
    return {
      schema: `sandbox-${object}`,
      payload: {
        ChangeEventHeader: {
          entityName: object,
          recordIds: [record.Id],
          changeType: kind.toUpperCase(),
          changeOrigin: 'com/salesforce/api/rest/66.0',
          transactionKey: `sandbox-${sequence}`,
          sequenceNumber: 1,
          commitTimestamp: Date.parse(String(record.SystemModstamp)),
          commitUser: record.LastModifiedById,
          commitNumber: sequence,
          nulledFields: [],
          diffFields: [],
          changedFields: kind === 'update' ? changed.map(([name]) => name) : [],
        },
        ...Object.fromEntries(stated),
      },
      event: { replayId: sequence },
    };
  }

  /** As the Apex example of docs/providers/salesforce.md writes it. */
  #called(
    object: ObjectName,
    operation: Kind,
    record: SandboxRecord,
  ): Readonly<Record<string, unknown>> {
    return {
      id: `sandbox-${this.#next()}`,
      operation,
      object,
      record: operation === 'delete' ? { Id: record.Id } : record,
      complete: operation !== 'delete',
      occurred_at: record.SystemModstamp,
      actor: record.LastModifiedById,
    };
  }

  #next(): number {
    this.#sequence += 1;
    return this.#sequence;
  }
}
