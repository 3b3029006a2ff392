import { randomUUID } from 'node:crypto';
import type { Bus } from '#platform/bus/bus.ts';
import type { BusUnderTest } from '#platform/bus/conformance.ts';
import { openPubSubBus, type PubSubBusOptions } from '../bus.ts';

export interface EmulatedBus extends BusUnderTest {
  readonly projectId: string;
  /** What the bus reported outside any call. */
  readonly errors: unknown[];
  readonly warnings: string[];
}

/** Opens a bus on the emulator in a project of its own, so that names cannot meet. */
export async function emulatedBus(
  emulatorHost: string,
  options: Partial<PubSubBusOptions> = {},
): Promise<EmulatedBus> {
  const projectId = options.projectId ?? `test-${randomUUID()}`;
  const errors: unknown[] = [];
  const warnings: string[] = [];
  const open = () =>
    openPubSubBus({
      emulatorHost,
      createMissing: true,
      onError: (_, error) => errors.push(error),
      onWarning: (text) => warnings.push(text),
      ...options,
      projectId,
    });
  const bus = await open();
  let current: Bus = bus;
  return {
    bus,
    projectId,
    errors,
    warnings,
    reopen: async () => {
      await current.close();
      current = await open();
      return current;
    },
    dispose: () => current.close(),
  };
}
