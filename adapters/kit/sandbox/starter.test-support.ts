import { afterEach } from 'vitest';
import type { ProviderSandbox, Sandbox, SandboxOptions } from './contract.ts';
import { type Decide, type Receiver, startReceiver } from './receiver.test-support.ts';

export interface Started {
  readonly receiver: Receiver;
  readonly sandbox: Sandbox;
  /** Closes both at the end of the test. */
  closeAfterTest(one: { close(): Promise<void> }): void;
}

/** Days of retries become milliseconds. */
const TIME_SCALE = 10_000_000;

/**
 * For the tests of a sandbox: each call of what this returns starts one and a receiver that it sends
 * to, and both end with the test.
 *
 * @param path of the connection at the receiver
 */
export function sandboxStarter<Settings>(
  provider: ProviderSandbox<Settings>,
  common: { readonly secret: string; readonly settings: Settings; readonly path: string },
) {
  const started: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of started.splice(0).reverse()) await one.close();
  });
  return async (
    decide?: Decide,
    options: Partial<SandboxOptions<Settings>> = {},
    path = common.path,
  ): Promise<Started> => {
    const receiver = await startReceiver(decide, path);
    started.push(receiver);
    const { secret, settings } = common;
    const sandbox = await provider.start({
      targetUrl: receiver.url,
      secret,
      settings,
      timeScale: TIME_SCALE,
      ...options,
    });
    started.push(sandbox);
    return { receiver, sandbox, closeAfterTest: (one) => void started.push(one) };
  };
}
