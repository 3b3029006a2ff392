/** The part of Google's generated clients that starts and ends them. */
export interface Startable {
  initialize(): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * One of Google's generated clients, made when it is first needed. A client that could not start, for
 * want of credentials for one, keeps that failure for ever (gax 6.17), so it is replaced.
 */
export class ReadyClient<Client extends Startable> {
  readonly #make: () => Client;
  #client: Client | undefined;

  constructor(make: () => Client) {
    this.#make = make;
  }

  /** @throws why it could not start; the next call tries with a new one */
  async get(): Promise<Client> {
    this.#client ??= this.#make();
    const client = this.#client;
    try {
      await client.initialize();
    } catch (error) {
      if (this.#client === client) this.#client = undefined;
      throw error;
    }
    return client;
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }
}
