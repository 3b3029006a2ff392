/** Name in URLs and rows. */
export const PROVIDER = 'zenoti';
export const TITLE = 'Zenoti';

/** What an event of appointments says of them. */
export type AppointmentChange = 'created' | 'status' | 'started' | 'completed';
/** What an event of a membership says of it; the verb of the canonical event. */
export type MembershipChange = 'created' | 'frozen' | 'unfrozen' | 'cancelled' | 'reinstated';

/** One webhook event of Zenoti. */
export type ZenotiEvent = {
  /** As `event_type` spells it; where no document shows that, spelled as the others are. */
  readonly name: string;
  /** True when a sample of Zenoti's documents holds the name literally. */
  readonly confirmed: boolean;
  /** Other spellings that may be sent. */
  readonly aliases?: readonly string[];
} & (
  | { readonly about: 'guest' | 'invoice' | 'employee'; readonly eventType: string }
  | { readonly about: 'appointments'; readonly change: AppointmentChange }
  | { readonly about: 'membership'; readonly change: MembershipChange }
);

export type AppointmentEvent = Extract<ZenotiEvent, { readonly about: 'appointments' }>;
export type MembershipEvent = Extract<ZenotiEvent, { readonly about: 'membership' }>;
export type DirectEvent = Exclude<ZenotiEvent, AppointmentEvent | MembershipEvent>;

export const GROUP_CREATED = {
  name: 'AppointmentGroup.Created',
  confirmed: true,
  about: 'appointments',
  change: 'created',
} as const satisfies ZenotiEvent;

export const GROUP_STATUS = {
  name: 'AppointmentGroup.Status',
  confirmed: true,
  about: 'appointments',
  change: 'status',
} as const satisfies ZenotiEvent;

export const STARTED = {
  name: 'Appointment.Started',
  confirmed: false,
  about: 'appointments',
  change: 'started',
} as const satisfies ZenotiEvent;

export const COMPLETED = {
  name: 'Appointment.Completed',
  confirmed: false,
  about: 'appointments',
  change: 'completed',
} as const satisfies ZenotiEvent;

export const MEMBERSHIP_FREEZE = {
  name: 'Guest.Membership.Freeze',
  confirmed: false,
  aliases: ['Guest.Membership.Frozen'],
  about: 'membership',
  change: 'frozen',
} as const satisfies ZenotiEvent;

export const MEMBERSHIP_CANCELLED = {
  name: 'Guest.Membership.Cancelled',
  confirmed: false,
  aliases: ['Guest.Membership.Canceled', 'Guest.Membership.Cancel'],
  about: 'membership',
  change: 'cancelled',
} as const satisfies ZenotiEvent;

/**
 * Every event that is understood. Source: Zenoti developer documentation, "Webhook events" and the
 * page of each event. Packages, classes and feedback are not among them.
 */
export const EVENTS: readonly ZenotiEvent[] = [
  GROUP_CREATED,
  GROUP_STATUS,
  STARTED,
  COMPLETED,
  { name: 'Guest.Created', confirmed: true, about: 'guest', eventType: 'member.created' },
  { name: 'Guest.Updated', confirmed: true, about: 'guest', eventType: 'member.updated' },
  { name: 'Guest.Deleted', confirmed: true, about: 'guest', eventType: 'member.deleted' },
  { name: 'Guest.Membership.Created', confirmed: true, about: 'membership', change: 'created' },
  MEMBERSHIP_FREEZE,
  {
    name: 'Guest.Membership.Unfreeze',
    confirmed: false,
    aliases: ['Guest.Membership.Unfrozen'],
    about: 'membership',
    change: 'unfrozen',
  },
  MEMBERSHIP_CANCELLED,
  {
    name: 'Guest.Membership.Reinstate',
    confirmed: false,
    aliases: ['Guest.Membership.Reinstated'],
    about: 'membership',
    change: 'reinstated',
  },
  { name: 'Invoice.Closed', confirmed: true, about: 'invoice', eventType: 'invoice.closed' },
  { name: 'Employee.Created', confirmed: true, about: 'employee', eventType: 'employee.created' },
  { name: 'Employee.Updated', confirmed: true, about: 'employee', eventType: 'employee.updated' },
  { name: 'Employee.Deleted', confirmed: true, about: 'employee', eventType: 'employee.deleted' },
];

const EVENTS_BY_KEY: ReadonlyMap<string, ZenotiEvent> = new Map(
  EVENTS.flatMap((event) =>
    [event.name, ...(event.aliases ?? [])].map((name) => [keyOf(name), event] as const),
  ),
);

const MAX_NAME_LENGTH = 64;

/** The event of a name in any case, with or without the dots and spaces between its words. */
export function eventNamed(name: unknown): ZenotiEvent | undefined {
  if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH) return undefined;
  return EVENTS_BY_KEY.get(keyOf(name));
}

function keyOf(name: string): string {
  return name.replace(/[ ._-]/g, '').toLowerCase();
}

/** Entity types of observations, before they are resolved. */
export const APPOINTMENT_GROUP = 'appointment_group';
export const APPOINTMENT = 'appointment';
export const MEMBERSHIP = 'membership';
export const MEMBER = 'member';

/** No webhook tells of services: they come by comparing the catalogue from poll to poll. */
export const POLLED_EVENT_TYPES: readonly string[] = ['service.created', 'service.updated'];

/** Every event type the adapter can make. */
export const EVENT_TYPES: readonly string[] = [
  'appointment.created',
  'appointment.updated',
  'appointment.completed',
  'appointment.cancelled',
  'appointment.no_show',
  'appointment_group.updated',
  'appointment_group.cancelled',
  'appointment_group.no_show',
  'member.created',
  'member.updated',
  'member.deleted',
  'membership.created',
  'membership.frozen',
  'membership.unfrozen',
  'membership.cancelled',
  'membership.reinstated',
  'invoice.closed',
  'employee.created',
  'employee.updated',
  'employee.deleted',
  ...POLLED_EVENT_TYPES,
];

/** Why a body or an appointment of it is no event: docs/providers/zenoti.md. */
export const SKIP_REASONS = [
  'unknown_type',
  'invalid_item',
  'other_organization',
  'other_center',
  'repeated_in_batch',
] as const;
