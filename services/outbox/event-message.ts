import type { BusMessage } from '#platform/bus/bus.ts';
import { eventAttributes, orderingKey } from '#schemas/cloudevents.ts';
import type { CanonicalEvent } from '#schemas/event.ts';

/** The bus message of an event. Its parts are made when they are read: a bus that has nobody to carry to reads none. */
export class EventMessage implements BusMessage {
  readonly #event: CanonicalEvent;
  #data: string | undefined;

  constructor(event: CanonicalEvent) {
    this.#event = event;
  }

  get data(): string {
    this.#data ??= JSON.stringify(this.#event);
    return this.#data;
  }

  get attributes(): Record<string, string> {
    return eventAttributes(this.#event);
  }

  get orderingKey(): string {
    return orderingKey(this.#event);
  }
}
