import {
  type Appointment,
  type Group,
  groupData,
  invoiceData,
  progressData,
  statusData,
} from '../appointment-bodies.ts';
import type { Center, Guest } from '../bodies.ts';
import type { Fields } from '../fields.ts';
import { PROGRESS_COMPLETED } from '../infer-type.ts';
import type { Draw } from './draw.ts';
import type { People } from './people.ts';

interface Booked extends Appointment {
  progress: number;
}

interface GroupRecord extends Group {
  readonly guest: Guest;
  readonly appointments: Booked[];
  status: number;
}

const HOUR_MS = 3_600_000;
const MAX_OF_A_VISIT = 3;

/** Statuses that may follow a status: 0 new, 4 confirmed, 2 checked in, 1 closed, −1, −2. */
const NEXT: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [4, 4, 2, -1]],
  [4, [2, 2, -1, -2]],
  [2, [1]],
]);

/** Groups of appointments of a center. */
export class Appointments {
  readonly #center: Center;
  readonly #draw: Draw;
  readonly #people: People;
  readonly #all: GroupRecord[] = [];
  /** Groups that can still change. */
  readonly #open: GroupRecord[] = [];

  constructor(center: Center, draw: Draw, people: People) {
    this.#center = center;
    this.#draw = draw;
    this.#people = people;
  }

  /** @param type such as AppointmentGroup.Status */
  change(type: string, atMs: number): Fields {
    switch (type) {
      case 'AppointmentGroup.Created':
        return this.book(this.#draw.random.integer(1, MAX_OF_A_VISIT), atMs);
      case 'AppointmentGroup.Status':
        return this.#changeStatus(atMs);
      case 'Appointment.Started':
        return this.#advance(1, atMs);
      default:
        return this.#advance(PROGRESS_COMPLETED, atMs);
    }
  }

  /** Books a group of so many appointments. */
  book(count: number, atMs: number): Fields {
    const group = this.#newGroup(count, atMs);
    return groupData(group, group.guest, group.appointments, this.#center, atMs);
  }

  invoice(atMs: number): Fields {
    if (this.#all.length === 0) this.#newGroup(1, atMs);
    const group = this.#draw.random.pick(this.#all);
    return invoiceData(group, group.guest, this.#center, this.#draw.amount());
  }

  records() {
    return this.#all.map(({ id, status, appointments }) => ({
      id,
      status,
      appointments: appointments.map((one) => ({ id: one.id, progress: one.progress })),
    }));
  }

  #newGroup(count: number, atMs: number): GroupRecord {
    const { random } = this.#draw;
    const startMs = atMs + random.integer(1, 24 * 30) * HOUR_MS;
    const group: GroupRecord = {
      id: this.#draw.guid(),
      invoiceId: this.#draw.guid(),
      invoiceNumber: String(this.#draw.number()),
      guest: this.#people.guest(),
      appointments: Array.from({ length: count }, (_, index) => ({
        id: this.#draw.guid(),
        startMs: startMs + index * HOUR_MS,
        minutes: random.pick([30, 45, 60]),
        progress: 0,
      })),
      status: 0,
    };
    this.#all.push(group);
    this.#open.push(group);
    return group;
  }

  #changeStatus(atMs: number): Fields {
    const group = this.#takeOpen(atMs);
    group.status = this.#draw.random.pick(NEXT.get(group.status) ?? [1]);
    if (NEXT.has(group.status)) this.#open.push(group);
    return statusData(group, group.status);
  }

  /** Brings one appointment to a progress it has not reached. */
  #advance(progress: number, atMs: number): Fields {
    const below = (group: GroupRecord) => group.appointments.find((one) => one.progress < progress);
    const group = this.#takeOpen(atMs);
    const own = below(group);
    this.#keepOpen(group);
    if (own === undefined) {
      const other = this.#newGroup(1, atMs);
      return this.#reach(other, below(other), progress);
    }
    return this.#reach(group, own, progress);
  }

  #reach(group: GroupRecord, appointment: Booked | undefined, progress: number): Fields {
    if (appointment) appointment.progress = progress;
    return progressData(group, appointment ? [appointment] : [], this.#center);
  }

  #takeOpen(atMs: number): GroupRecord {
    if (this.#open.length === 0) this.#newGroup(1, atMs);
    return this.#draw.take(this.#open) ?? this.#newGroup(1, atMs);
  }

  #keepOpen(group: GroupRecord): void {
    const done = group.appointments.every((one) => one.progress === PROGRESS_COMPLETED);
    if (!done) this.#open.push(group);
  }
}
