import type { PubSub } from '@google-cloud/pubsub';
import { InvalidRequest, ResourceMissing } from '#schemas/problems.ts';
import type { DeliveryHandler, Subscription, SubscriptionOptions } from '../bus.ts';
import { Consumer, type ConsumerOptions } from './consumer.ts';
import { shortName } from './names.ts';
import {
  effectivePolicy,
  emulatorPolicy,
  type Policy,
  policyDifferences,
  policyOf,
} from './policy.ts';
import type { Resources, SubscriptionState } from './resources.ts';
import { type ResolvedOptions, resolveOptions } from './subscription-options.ts';

export interface ConsumersOptions {
  readonly pubsub: PubSub;
  readonly resources: Resources;
  readonly closeTimeoutMs: number;
  readonly redeliveryGraceMs: number;
  /** Publishes dead letters, also while the bus closes. */
  readonly publish: ConsumerOptions['publish'];
  readonly onError: (error: unknown, subscription: string) => void;
  readonly onWarning: (text: string) => void;
}

/** The durable subscriptions, and those of them that are open here. */
export class Consumers {
  readonly #options: ConsumersOptions;
  readonly #open = new Map<string, Consumer>();
  /** Names of those that are open or about to be. */
  readonly #taken = new Set<string>();
  #closed = false;

  constructor(options: ConsumersOptions) {
    this.#options = options;
  }

  /**
   * Makes the durable subscription or, in a project, makes sure that Terraform has.
   *
   * @throws ResourceMissing when it has not
   */
  async create(topic: string, name: string): Promise<void> {
    const { resources, onWarning } = this.#options;
    const fullName = resources.names.subscription(name);
    if (resources.createMissing) await resources.createSubscription(topic, name);
    const found = await resources.findSubscription(name);
    if (!found || !belongsTo(topic, found)) throw missing(fullName, topic, found);
    if (!found.enableMessageOrdering) {
      onWarning(
        `${fullName} does not keep the order of messages, which cannot be changed: have Terraform replace it with enable_message_ordering = true.`,
      );
    }
  }

  /** @throws InvalidRequest when there is no such subscription, or it is open here already */
  async subscribe(
    topic: string,
    name: string,
    handler: DeliveryHandler,
    options: SubscriptionOptions,
  ): Promise<Subscription> {
    const resolved = resolveOptions(topic, options);
    if (this.#taken.has(name)) {
      throw new InvalidRequest(
        `Subscription ${name} of topic ${topic} is already open in this process: close it first, or raise its maxInFlight.`,
      );
    }
    this.#taken.add(name);
    try {
      const policy = await this.#agreeOnPolicy(topic, name, resolved);
      if (this.#closed) throw new InvalidRequest('The bus was closed meanwhile.');
      return this.#start(topic, name, handler, resolved, policy);
    } catch (error) {
      this.#taken.delete(name);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open.values()].map((consumer) => consumer.close()));
  }

  #start(
    topic: string,
    name: string,
    handler: DeliveryHandler,
    options: ResolvedOptions,
    policy: Policy,
  ): Consumer {
    const subscription = this.#options.resources.names.subscription(name);
    const consumer = new Consumer({
      ...this.#options,
      subscription,
      handler,
      name,
      options,
      policy: effectivePolicy(policy, options),
      onError: (error) => this.#options.onError(error, subscription),
      ensure: () => this.#restore(topic, name, policy),
      onClosed: () => {
        this.#open.delete(name);
        this.#taken.delete(name);
      },
    });
    this.#open.set(name, consumer);
    consumer.start();
    return consumer;
  }

  /** Makes the subscription's policy what its consumer wants or, in a project, says how it differs. */
  async #agreeOnPolicy(topic: string, name: string, options: ResolvedOptions): Promise<Policy> {
    const { resources, onWarning } = this.#options;
    const found = await resources.findSubscription(name);
    if (!found || !belongsTo(topic, found)) {
      throw new InvalidRequest(
        `Topic ${topic} has no subscription ${name}: call createSubscription first.`,
      );
    }
    if (resources.createMissing) {
      const policy = emulatorPolicy(options);
      await resources.applyPolicy(name, policy);
      return policy;
    }
    const policy = policyOf(found);
    const fullName = resources.names.subscription(name);
    const { deadLetter } = options;
    // Without it a message that always fails would hold up its key for ever.
    if (deadLetter && deadLetter.topic !== policy.deadLetter?.topic) {
      throw new ResourceMissing(
        `${fullName} has no dead-letter policy with topic ${deadLetter.topic}, which its consumer needs. Terraform sets it.`,
      );
    }
    const differences = policyDifferences(policy, options);
    if (differences.length > 0) {
      onWarning(
        `${fullName} is not as its consumer expects: ${differences.join('; ')}. Terraform sets it.`,
      );
    }
    return policy;
  }

  /** Only an emulator forgets, so in a project nothing is made. */
  async #restore(topic: string, name: string, policy: Policy): Promise<void> {
    const { resources } = this.#options;
    if (!resources.createMissing) return;
    await resources.createSubscription(topic, name);
    await resources.applyPolicy(name, policy);
  }
}

/** Names of subscriptions are unique in a project, not in a topic. */
function belongsTo(topic: string, found: SubscriptionState): boolean {
  return shortName(found.topic) === topic;
}

function missing(
  fullName: string,
  topic: string,
  found: SubscriptionState | undefined,
): ResourceMissing {
  const instead = found ? ` (one of this name belongs to ${found.topic})` : '';
  return new ResourceMissing(
    `${fullName} of topic ${topic} does not exist${instead}. Terraform makes it: apply it first, with the same names.`,
  );
}
