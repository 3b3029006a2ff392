import { BusUnavailable, InvalidConfig } from '#schemas/problems.ts';
import type {
  Bus,
  BusMessage,
  DeliveryHandler,
  Subscription,
  SubscriptionOptions,
} from '../bus.ts';
import { type Clients, makeClients } from './clients.ts';
import { Consumers } from './consumers.ts';
import { translateError } from './errors.ts';
import { LiveViews } from './live-views.ts';
import { MAX_MESSAGE_BYTES } from './message-limits.ts';
import { ResourceNames } from './names.ts';
import type { PublishCall } from './publish-call.ts';
import { publishRequests } from './publish-request.ts';
import { PublishRoom } from './publish-room.ts';
import { Publisher } from './publisher.ts';
import { Resources } from './resources.ts';

export interface PubSubBusOptions {
  readonly projectId: string;
  /** host:port of an emulator. Without it, Google's Pub/Sub with the process's own credentials. */
  readonly emulatorHost?: string | undefined;
  /**
   * Makes topics, subscriptions and policies that are missing. For the emulator only: in a project
   * Terraform makes them, and the service accounts may not. Default false.
   */
  readonly createMissing?: boolean;
  /** Longest wait of a publish for its confirmation. Default 2,500 ms. */
  readonly publishTimeoutMs?: number;
  /** Most messages that wait for confirmation at once; more are refused. Default 10,000. */
  readonly maxOutstandingMessages?: number;
  /** Most bytes that wait for confirmation at once; more are refused. Default 64 MiB. */
  readonly maxOutstandingBytes?: number;
  /** Longest wait of a close for handlers under way: in time for the end of a SIGTERM. Default 5,000 ms. */
  readonly closeTimeoutMs?: number;
  /**
   * How much later than its back-off a failed message may return before the later ones of its key
   * are handed back too. Default 15,000 ms.
   */
  readonly redeliveryGraceMs?: number;
  /** Told what went wrong outside any call. Default process.emitWarning. */
  readonly onError?: (message: string, error: unknown) => void;
  /** Told what an operator should know. Default process.emitWarning. */
  readonly onWarning?: (text: string) => void;
}

/**
 * Opens the bus that is Google Cloud Pub/Sub. Sends nothing yet.
 *
 * What the service accounts need: pubsub.topics.publish and pubsub.topics.get on the topic to publish
 * and check (roles/pubsub.publisher has the first, roles/pubsub.viewer the second);
 * pubsub.subscriptions.consume and pubsub.subscriptions.get on each subscription to consume
 * (roles/pubsub.subscriber and roles/pubsub.viewer); for `watch` see LiveViews.
 *
 * @throws InvalidConfig when there are no credentials, or createMissing is set without an emulator
 */
export async function openPubSubBus(options: PubSubBusOptions): Promise<Bus> {
  const { projectId, emulatorHost, createMissing } = options;
  if (createMissing && !emulatorHost) {
    throw new InvalidConfig(
      'createMissing is for an emulator: in a project Terraform makes topics.',
    );
  }
  return new PubSubBus(options, await makeClients({ projectId, emulatorHost }));
}

class PubSubBus implements Bus {
  readonly durable = true;
  readonly maxMessageBytes = MAX_MESSAGE_BYTES;
  readonly #clients: Clients;
  readonly #publishTimeoutMs: number;
  readonly #resources: Resources;
  readonly #room: PublishRoom;
  readonly #publishers = new Map<string, Publisher>();
  readonly #calls = new Set<PublishCall>();
  readonly #consumers: Consumers;
  readonly #views: LiveViews;
  #closing: Promise<void> | undefined;

  constructor(options: PubSubBusOptions, clients: Clients) {
    const { onError = (message) => process.emitWarning(message) } = options;
    const names = new ResourceNames(options.projectId);
    const resources = new Resources({
      clients,
      names,
      createMissing: options.createMissing ?? false,
    });
    const common = {
      pubsub: clients.pubsub,
      resources,
      onError: (error: unknown, subscription: string) => {
        const problem = translateError(error, { operation: 'consume', resource: subscription });
        onError(`Subscription ${subscription}: ${problem.message}`, problem);
      },
    };
    this.#clients = clients;
    this.#resources = resources;
    this.#publishTimeoutMs = options.publishTimeoutMs ?? 2_500;
    this.#room = new PublishRoom(
      options.maxOutstandingMessages ?? 10_000,
      options.maxOutstandingBytes ?? 64 * 1024 ** 2,
    );
    this.#views = new LiveViews(common);
    this.#consumers = new Consumers({
      ...common,
      closeTimeoutMs: options.closeTimeoutMs ?? 5_000,
      redeliveryGraceMs: options.redeliveryGraceMs ?? 15_000,
      publish: (topic, messages) => this.#carry(topic, messages),
      onWarning: options.onWarning ?? ((text) => process.emitWarning(text)),
    });
  }

  async check(topic: string): Promise<void> {
    this.#requireOpen();
    await this.#resources.checkTopic(topic);
  }

  async publish(topic: string, messages: readonly BusMessage[]): Promise<void> {
    this.#requireOpen();
    await this.#carry(topic, messages);
  }

  async createSubscription(topic: string, name: string): Promise<void> {
    this.#requireOpen();
    await this.#consumers.create(topic, name);
  }

  async subscribe(
    topic: string,
    name: string,
    handler: DeliveryHandler,
    options: SubscriptionOptions = {},
  ): Promise<Subscription> {
    this.#requireOpen();
    return this.#consumers.subscribe(topic, name, handler, options);
  }

  async watch(topic: string, onMessage: (message: BusMessage) => void): Promise<Subscription> {
    this.#requireOpen();
    return this.#views.add(topic, onMessage);
  }

  /** What Pub/Sub has confirmed it keeps, so this waits for what is under way, and no more. */
  async sync(): Promise<void> {
    await Promise.allSettled([...this.#calls].map(({ settled }) => settled));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // Consumers first: a last failure may still publish to the dead letters.
    await Promise.all([this.#consumers.close(), this.#views.close()]);
    await this.sync();
    await this.#clients.close();
  }

  async #carry(topic: string, messages: readonly BusMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const call = this.#publisher(topic).publish(messages);
    this.#calls.add(call);
    try {
      await call.settled;
    } finally {
      this.#calls.delete(call);
    }
  }

  #publisher(topic: string): Publisher {
    const existing = this.#publishers.get(topic);
    if (existing) return existing;
    const timeoutMs = this.#publishTimeoutMs;
    const resources = this.#resources;
    const send = publishRequests({ client: this.#clients.publisher, resources, topic, timeoutMs });
    const publisher = new Publisher({ send, timeoutMs, room: this.#room });
    this.#publishers.set(topic, publisher);
    return publisher;
  }

  #requireOpen(): void {
    if (this.#closing) throw new BusUnavailable('The bus is closed: open a new one.');
  }
}
