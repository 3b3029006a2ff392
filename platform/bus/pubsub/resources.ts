import type { protos } from '@google-cloud/pubsub';
import { status } from '@grpc/grpc-js';
import type { Clients } from './clients.ts';
import { type Asked, hasCode, translateError } from './errors.ts';
import type { ResourceNames } from './names.ts';
import { type Policy, policyFields } from './policy.ts';

export type SubscriptionState = protos.google.pubsub.v1.ISubscription;

/** Longest wait for an answer about topics and subscriptions. */
const ADMIN_TIMEOUT_MS = 10_000;
const CHECK_TIMEOUT_MS = 2_000;
const DAY_SECONDS = 86_400;

export interface ResourcesOptions {
  readonly clients: Clients;
  readonly names: ResourceNames;
  /** Whether what is missing is made. In a project it is Terraform's to make. */
  readonly createMissing: boolean;
}

/** Topics and subscriptions: looks them up and, with createMissing, makes them. */
export class Resources {
  readonly names: ResourceNames;
  readonly createMissing: boolean;
  readonly #clients: Clients;
  readonly #topicsInMaking = new Map<string, Promise<void>>();

  constructor({ clients, names, createMissing }: ResourcesOptions) {
    this.#clients = clients;
    this.names = names;
    this.createMissing = createMissing;
  }

  /**
   * Asks for the topic. Needs pubsub.topics.get, which roles/pubsub.publisher lacks and
   * roles/pubsub.viewer has.
   */
  async checkTopic(topic: string): Promise<void> {
    const resource = this.names.topic(topic);
    const ask = () =>
      this.#clients.publisher.getTopic({ topic: resource }, { timeout: CHECK_TIMEOUT_MS });
    await asking({ operation: 'getTopic', resource }, () => this.withTopic(topic, ask));
  }

  /** Does what needs a topic, once more after making the topic where that may be done. */
  async withTopic<Value>(topic: string, act: () => Promise<Value>): Promise<Value> {
    try {
      return await act();
    } catch (error) {
      if (!this.createMissing || !hasCode(error, status.NOT_FOUND)) throw error;
      await this.createTopic(topic);
      return act();
    }
  }

  /** Makes the topic if there is none. */
  async createTopic(topic: string): Promise<void> {
    const name = this.names.topic(topic);
    const making =
      this.#topicsInMaking.get(name) ??
      asking({ operation: 'createTopic', resource: name }, () =>
        unlessExists(this.#clients.publisher.createTopic({ name }, { timeout: ADMIN_TIMEOUT_MS })),
      );
    this.#topicsInMaking.set(name, making);
    try {
      await making;
    } finally {
      this.#topicsInMaking.delete(name);
    }
  }

  /** Makes a subscription that keeps order and never expires, if there is none of the name. */
  async createSubscription(topic: string, name: string): Promise<void> {
    await this.#create(topic, name, { expirationPolicy: {} });
  }

  /** Makes a subscription for a view: Google deletes it after its shortest expiry if nobody else does. */
  async createTemporarySubscription(topic: string, name: string): Promise<void> {
    await this.#create(topic, name, {
      expirationPolicy: { ttl: { seconds: DAY_SECONDS } },
      messageRetentionDuration: { seconds: 600 },
    });
  }

  /** @returns undefined when there is no subscription of this name. Needs pubsub.subscriptions.get */
  async findSubscription(name: string): Promise<SubscriptionState | undefined> {
    const resource = this.names.subscription(name);
    return asking({ operation: 'getSubscription', resource }, async () => {
      try {
        const subscription = this.#clients.pubsub.subscription(resource);
        const [state] = await subscription.getMetadata({ timeout: ADMIN_TIMEOUT_MS });
        return state;
      } catch (error) {
        if (hasCode(error, status.NOT_FOUND)) return undefined;
        throw error;
      }
    });
  }

  /** Makes the policy what it is wanted to be, and the dead-letter topic with it. */
  async applyPolicy(name: string, policy: Policy): Promise<void> {
    if (policy.deadLetter) await this.createTopic(policy.deadLetter.topic);
    const resource = this.names.subscription(name);
    const fields = policyFields(policy, (topic) => this.names.topic(topic));
    await asking({ operation: 'updateSubscription', resource }, () =>
      this.#clients.pubsub
        .subscription(resource)
        .setMetadata(fields, { timeout: ADMIN_TIMEOUT_MS }),
    );
  }

  async deleteSubscription(name: string): Promise<void> {
    const resource = this.names.subscription(name);
    await asking({ operation: 'deleteSubscription', resource }, () =>
      this.#clients.pubsub.subscription(resource).delete({ timeout: CHECK_TIMEOUT_MS }),
    );
  }

  async #create(topic: string, name: string, extra: SubscriptionState): Promise<void> {
    const { pubsub } = this.#clients;
    const [topicName, resource] = [this.names.topic(topic), this.names.subscription(name)];
    const create = () =>
      pubsub.createSubscription(topicName, resource, {
        ...extra,
        enableMessageOrdering: true,
        gaxOpts: { timeout: ADMIN_TIMEOUT_MS },
      } as Parameters<typeof pubsub.createSubscription>[2]);
    await asking({ operation: 'createSubscription', resource }, () =>
      unlessExists(this.withTopic(topic, create)),
    );
  }
}

async function asking<Value>(asked: Asked, ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (error) {
    throw translateError(error, asked);
  }
}

async function unlessExists(made: Promise<unknown>): Promise<void> {
  try {
    await made;
  } catch (error) {
    if (!hasCode(error, status.ALREADY_EXISTS)) throw error;
  }
}
