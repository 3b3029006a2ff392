import type {
  CallProvider,
  RegisteredWebhook,
  WebhookApi,
  WebhookTarget,
} from '#adapters/kit/provider-api.ts';
import { Problem } from '#schemas/problem.ts';
import { CredentialsRefused, InternalError, ProviderUnavailable } from '#schemas/problems.ts';
import { REFUSED_RETRY_MS, retryDelayMs, type Step } from './plan.ts';
import type {
  LogRegistration,
  RegisteredWith,
  RegisteringConnection,
  Registration,
  RegistrationLogEntry,
} from './registration.ts';
import type { RegistrationStore } from './registration-store.ts';

/** One connection at its provider. */
export interface RegistrarOptions {
  readonly connection: RegisteringConnection;
  readonly webhooks: WebhookApi<unknown>;
  readonly call: CallProvider;
  /** What webhooks are registered with. @throws Problem when the secret cannot be read */
  readonly target: () => Promise<{
    readonly target: WebhookTarget<unknown>;
    readonly registered: RegisteredWith;
  }>;
  readonly store: RegistrationStore;
  readonly log: LogRegistration;
  /** Told in a sentence of a webhook that could not be removed. */
  readonly note: (text: string) => void;
  readonly nowMs: () => number;
  readonly onError: (message: string, error: unknown) => void;
}

/** Does the steps of one connection, one after another, and keeps what came of each. */
export class Registrar {
  readonly #options: RegistrarOptions;
  /** What ends all further calls: the credentials are refused, or nobody answers. */
  #broken: Problem | undefined;

  constructor(options: RegistrarOptions) {
    this.#options = options;
  }

  /** @throws what the database throws; whatever the provider says is kept with the registration */
  async take(step: Step): Promise<void> {
    if (step.kind === 'remove') return this.#remove(step.row);
    const { connection, webhooks, store, nowMs } = this.#options;
    const { resource } = step;
    const chosenId = webhooks.chosenId?.(connection.id, resource);
    // First of all: a process that ends now leaves a row that says what it was about to do.
    const row = step.row ?? (await store.begin(connection, { resource, chosenId }, nowMs()));
    const renewing = step.kind === 'renew';
    const answer = await this.#ask(async () => {
      const { target, registered } = await this.#options.target();
      return { webhook: await this.#keep(row, target, renewing), registered };
    });
    if (answer instanceof Problem) return this.#failed(row, answer);
    const { webhook, registered } = answer;
    await store.confirm(row.id, webhook, registered, nowMs());
    await this.#say(
      renewing
        ? line('info', 'webhook_renewed', `The webhook for ${resource} was extended.`, webhook)
        : line('info', 'webhook_registered', `The webhook for ${resource} is registered.`, webhook),
    );
  }

  #keep(
    row: Registration,
    target: WebhookTarget<unknown>,
    renewing: boolean,
  ): Promise<RegisteredWebhook> {
    const { webhooks, call } = this.#options;
    const { resource, externalId } = row;
    return renewing && webhooks.renew && externalId !== null
      ? webhooks.renew(call, webhookOf(row, externalId), target)
      : webhooks.register(call, resource, target);
  }

  async #remove(row: Registration): Promise<void> {
    const { webhooks, call, store } = this.#options;
    const { resource, externalId } = row;
    const answer =
      externalId === null
        ? undefined
        : await this.#ask(() => webhooks.remove(call, webhookOf(row, externalId)));
    if (answer instanceof Problem) {
      const message = leftBehind(row);
      this.#options.note(message);
      if (!(answer instanceof CredentialsRefused)) return this.#failed(row, answer);
      // Nobody can be asked any more, and a row that stays would be tried for ever.
      await store.forget(row.id);
      const expiresAtMs = row.expiresAtMs ?? undefined;
      return this.#say(line('warning', 'webhook_left', message, { resource, expiresAtMs }));
    }
    await store.forget(row.id);
    await this.#say(
      line('info', 'webhook_removed', `The webhook for ${resource} was removed.`, { resource }),
    );
  }

  /** @returns the problem, where the work ends with one */
  async #ask<Answer>(work: () => Promise<Answer>): Promise<Answer | Problem> {
    if (this.#broken) return this.#broken;
    try {
      return await work();
    } catch (error) {
      const problem = this.#problemOf(error);
      if (problem instanceof CredentialsRefused || problem instanceof ProviderUnavailable) {
        this.#broken = problem;
      }
      return problem;
    }
  }

  #problemOf(error: unknown): Problem {
    if (error instanceof Problem) return error;
    this.#options.onError('A webhook could not be registered: the adapter failed.', error);
    return new InternalError('The adapter failed. The log of the server holds the error.');
  }

  async #failed(row: Registration, problem: Problem): Promise<void> {
    const { store, nowMs } = this.#options;
    const { code, message, retryAfterSeconds } = problem;
    const passes = problem.kind.next === 'retry_later';
    const delayMs = passes ? retryDelayMs(row.failures + 1, retryAfterSeconds) : REFUSED_RETRY_MS;
    const retryAtMs = nowMs() + delayMs;
    // What the provider keeps goes on until it expires, whatever became of extending it.
    const state = passes ? row.state : 'failed';
    await store.fail(row.id, { state, code, detail: message, retryAtMs });
    await this.#say({
      level: passes ? 'warning' : 'error',
      kind: 'registration',
      code: passes ? 'registration_delayed' : 'registration_failed',
      message: `The webhook for ${row.resource}: ${message}`,
      data: {
        resource: row.resource,
        problem: code,
        failures: row.failures + 1,
        retry_at: new Date(retryAtMs).toISOString(),
      },
    });
  }

  async #say(entry: RegistrationLogEntry): Promise<void> {
    const { connection, log, onError } = this.#options;
    // A line that is lost must not undo what the provider was told.
    await log(connection, entry).catch((error: unknown) =>
      onError('A line of a connection log was lost.', error),
    );
  }
}

function leftBehind({ resource, expiresAtMs }: Registration): string {
  const end =
    expiresAtMs === null
      ? 'Remove it there.'
      : `It ends by itself on ${new Date(expiresAtMs).toISOString()}.`;
  return `The webhook for ${resource} could not be removed at the provider. ${end}`;
}

function webhookOf({ resource, expiresAtMs }: Registration, externalId: string): RegisteredWebhook {
  return { resource, externalId, expiresAtMs: expiresAtMs ?? undefined };
}

function line(
  level: RegistrationLogEntry['level'],
  code: RegistrationLogEntry['code'],
  message: string,
  { resource, externalId, expiresAtMs }: Partial<RegisteredWebhook>,
): RegistrationLogEntry {
  return {
    level,
    kind: 'registration',
    code,
    message,
    data: {
      resource: resource ?? '',
      ...(externalId !== undefined && { external_id: externalId }),
      ...(expiresAtMs !== undefined && { expires_at: new Date(expiresAtMs).toISOString() }),
    },
  };
}
