import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '#platform/bus/bus.ts';
import type { BusUnderTest } from '#platform/bus/conformance.ts';
import { type InProcessBusOptions, openInProcessBus } from '../bus.ts';

export interface TemporaryBus extends BusUnderTest {
  readonly dataDir: string;
  /** What the bus warned of. */
  readonly warnings: string[];
}

/** Opens a bus in a new folder, which `dispose` removes. */
export async function temporaryBus(
  options: Partial<InProcessBusOptions> = {},
): Promise<TemporaryBus> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bus-'));
  const warnings: string[] = [];
  const open = () =>
    openInProcessBus({ onWarning: (text) => warnings.push(text), ...options, dataDir });
  const bus = await open();
  let current: Bus = bus;
  return {
    bus,
    dataDir,
    warnings,
    reopen: async () => {
      await current.close();
      current = await open();
      return current;
    },
    dispose: async () => {
      await current.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
