import { hubspotAdapter } from '#adapters/hubspot/adapter.ts';
import { signV3 } from '#adapters/hubspot/sign.ts';
import { eventId } from '#schemas/event-id.ts';

/** A provider that sends signed batches, and keeps what was not acknowledged for another try. */
export class Sender {
  readonly acknowledged = new Set<string>();
  /** Requests made, answered 2xx, and sent again. */
  readonly counts = { requests: 0, acknowledged: 0, resent: 0 };
  readonly #secret: string;
  readonly #tenantId: string;
  readonly #connectionId: string;
  readonly #webhook = hubspotAdapter.bind(hubspotAdapter.settingsSchema.parse({})).webhook;
  readonly #unacknowledged: string[] = [];
  #sequence = 0;
  #lastBody = '[]';

  constructor(secret: string, tenantId: string, connectionId: string) {
    this.#secret = secret;
    this.#tenantId = tenantId;
    this.#connectionId = connectionId;
  }

  /** Sends from `concurrency` lines at once until the server is gone or the signal aborts. */
  async drive(url: string, concurrency: number, signal: AbortSignal): Promise<void> {
    const line = async () => {
      while (!signal.aborted && (await this.sendOne(url))) {
        // Goes on while the server answers.
      }
    };
    await Promise.all(Array.from({ length: concurrency }, line));
  }

  /** Sends again what is not acknowledged yet, as a provider does. */
  async retryAll(url: string): Promise<void> {
    for (let body = this.#unacknowledged.shift(); body; body = this.#unacknowledged.shift()) {
      this.counts.resent += 1;
      if (!(await this.#send(url, body))) throw new Error('the server did not answer a retry');
    }
  }

  /** Sends the next request. Resolves to false when no answer came. */
  sendOne(url: string): Promise<boolean> {
    // Every third request repeats an unacknowledged one, if there is any.
    const again = this.counts.requests % 3 === 0 ? this.#unacknowledged.shift() : undefined;
    if (again !== undefined) this.counts.resent += 1;
    return this.#send(url, again ?? this.#newBody());
  }

  /** Sends the last request once more, signed anew, as after an answer that got lost. */
  repeatLast(url: string): Promise<boolean> {
    return this.#send(url, this.#lastBody);
  }

  /** Resolves to false when no answer came. */
  async #send(url: string, body: string): Promise<boolean> {
    this.counts.requests += 1;
    this.#lastBody = body;
    const timestamp = String(Date.now());
    const signature = signV3(this.#secret, 'POST', url, Buffer.from(body), timestamp);
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: {
          'x-hubspot-signature-v3': signature.toString('base64'),
          'x-hubspot-request-timestamp': timestamp,
        },
      });
      await response.arrayBuffer();
      if (response.ok) this.#note(body);
      else this.#unacknowledged.push(body);
      return true;
    } catch {
      this.#unacknowledged.push(body);
      return false;
    }
  }

  #newBody(): string {
    const size = 1 + (this.#sequence % 7);
    const notifications = Array.from({ length: size }, () => {
      this.#sequence += 1;
      return {
        eventId: this.#sequence,
        subscriptionId: 22,
        portalId: 33,
        appId: 1160452,
        occurredAt: 1762075800000 + this.#sequence,
        subscriptionType: 'deal.propertyChange',
        attemptNumber: 0,
        // Few entities, so that many events share an ordering key.
        objectId: 1000 + (this.#sequence % 50),
        propertyName: 'amount',
        propertyValue: `${this.#sequence}.50`,
        changeSource: 'CRM_UI',
      };
    });
    return JSON.stringify(notifications);
  }

  #note(body: string): void {
    this.counts.acknowledged += 1;
    const { drafts } = this.#webhook({
      method: 'POST',
      url: '',
      headers: {},
      body: Buffer.from(body),
      receivedAtMs: Date.now(),
    });
    for (const draft of drafts) {
      this.acknowledged.add(eventId(this.#tenantId, this.#connectionId, draft.dedupeKey));
    }
  }
}
