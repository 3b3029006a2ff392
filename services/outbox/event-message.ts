import type { BusMessage } from '#platform/bus/bus.ts';
import { type Carriage, eventAttributes, orderingKey } from '#schemas/cloudevents.ts';
import type { CanonicalEvent } from '#schemas/event.ts';

/** The bus message of an event. Its parts are made when they are read: a bus that has nobody to carry to reads none. */
export class EventMessage implements BusMessage {
  readonly #event: CanonicalEvent;
  readonly #carriage: Carriage | undefined;
  #data: string | undefined;
  #attributes: Record<string, string> | undefined;

  /** @param carriage why the event is carried again, when it is */
  constructor(event: CanonicalEvent, carriage?: Carriage) {
    this.#event = event;
    this.#carriage = carriage;
  }

  get data(): string {
    this.#data ??= JSON.stringify(this.#event);
    return this.#data;
  }

  get attributes(): Record<string, string> {
    this.#attributes ??= Object.assign(eventAttributes(this.#event), this.#carriage);
    return this.#attributes;
  }

  get orderingKey(): string {
    return orderingKey(this.#event);
  }
}
