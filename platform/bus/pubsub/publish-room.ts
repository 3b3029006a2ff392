import { BusUnavailable } from '#schemas/problems.ts';

/** What publishing may have outstanding; more is refused and not held, as holding is what fills memory. */
export class PublishRoom {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #messages = 0;
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  /** @throws BusUnavailable when there is no room; a call larger than all room goes alone */
  take(messages: number, bytes: number): void {
    const fits =
      this.#messages + messages <= this.#maxMessages && this.#bytes + bytes <= this.#maxBytes;
    if (!fits && this.#messages > 0) {
      throw new BusUnavailable(
        `${this.#messages} messages (${this.#bytes} bytes) already wait for Pub/Sub's confirmation, and more would pass the bound of ${this.#maxMessages} messages or ${this.#maxBytes} bytes. Publish again in a moment.`,
        { retryAfterSeconds: 1 },
      );
    }
    this.#messages += messages;
    this.#bytes += bytes;
  }

  release({ requestBytes }: { readonly requestBytes: number }): void {
    this.#messages -= 1;
    this.#bytes -= requestBytes;
  }
}
