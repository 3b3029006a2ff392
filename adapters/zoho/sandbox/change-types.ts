import type { Random } from '#adapters/kit/sandbox/random.ts';

export type Module = 'Contacts' | 'Accounts' | 'Deals';

/** How a deal ends. */
export type Ending = 'won' | 'lost';

/** Values of a record by field; a decimal is spelled as it is written. */
export type Values = Readonly<Record<string, unknown>>;

/** One change of the account, and how Zoho tells of it. */
export interface ZohoChange {
  readonly way: ChangeType['way'];
  readonly module: Module;
  readonly operation: ChangeType['operation'];
  readonly atMs: number;
  readonly records: readonly ChangedRecord[];
}

export interface ChangedRecord {
  readonly id: string;
  /** Null where the notification states none: an insert may state ids alone. */
  readonly values: Values | null;
}

/** A kind of change of the account. */
export interface ChangeType {
  readonly module: Module;
  readonly operation: 'insert' | 'update' | 'delete';
  /** Through a watch channel, or a webhook of a workflow rule. */
  readonly way: 'notification' | 'workflow';
  /** The end a deal comes to, where the kind names it. */
  readonly ending?: Ending;
  /** How often it happens, in parts of the sum. */
  readonly parts: number;
}

const ENTITIES = [
  ['contact', 'Contacts'],
  ['account', 'Accounts'],
  ['deal', 'Deals'],
] as const;

/** Every kind of change, by the name it is asked for. */
export const CHANGE_TYPES: ReadonlyMap<string, ChangeType> = new Map([
  ...ENTITIES.flatMap(([entity, module]) => [
    kind(`${entity}.insert`, { module, operation: 'insert', way: 'notification', parts: 8 }),
    kind(`${entity}.update`, { module, operation: 'update', way: 'notification', parts: 20 }),
    kind(`${entity}.delete`, { module, operation: 'delete', way: 'notification', parts: 1 }),
  ]),
  kind('deal.won', close('won')),
  kind('deal.lost', close('lost')),
  kind('contact.workflow.insert', {
    module: 'Contacts',
    operation: 'insert',
    way: 'workflow',
    parts: 2,
  }),
  kind('deal.workflow.update', { module: 'Deals', operation: 'update', way: 'workflow', parts: 4 }),
]);

const DRAW: readonly string[] = [...CHANGE_TYPES].flatMap(([name, { parts }]) =>
  Array<string>(parts).fill(name),
);

/** A kind of change by chance. */
export function drawType(random: Random): string {
  return random.pick(DRAW);
}

function close(ending: Ending): ChangeType {
  return { module: 'Deals', operation: 'update', way: 'notification', ending, parts: 3 };
}

function kind(name: string, type: ChangeType): [string, ChangeType] {
  return [name, type];
}
