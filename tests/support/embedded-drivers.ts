// The embedded drivers on folders of their own, for tests of the layers above them. Real files, real
// syncs; each folder is removed when its owner is disposed of.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '#platform/bus/bus.ts';
import { type InProcessBusOptions, openInProcessBus } from '#platform/bus/in-process/bus.ts';
import { openEncryptedFileSecrets } from '#platform/secrets/encrypted-file/encrypted-file.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { openDuckDbWarehouse } from '#platform/warehouse/duckdb/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';

/** A new folder; `stack` removes it. */
export async function temporaryFolder(stack: AsyncDisposableStack): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tributary-test-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** An empty DuckDB warehouse; `stack` closes and removes it. */
export async function temporaryWarehouse(stack: AsyncDisposableStack): Promise<Warehouse> {
  const dataDir = await temporaryFolder(stack);
  return stack.adopt(await openDuckDbWarehouse({ dataDir }), (warehouse) => warehouse.close());
}

/** A bus without topics; `stack` closes and removes it. */
export async function temporaryBus(
  stack: AsyncDisposableStack,
  options: Partial<InProcessBusOptions> = {},
): Promise<Bus> {
  const dataDir = await temporaryFolder(stack);
  return stack.adopt(await openInProcessBus({ ...options, dataDir }), (bus) => bus.close());
}

/** A secret store without secrets; `stack` closes and removes it. */
export async function temporarySecrets(stack: AsyncDisposableStack): Promise<Secrets> {
  const dataDir = await temporaryFolder(stack);
  const keyDir = await temporaryFolder(stack);
  const secrets = await openEncryptedFileSecrets({ dataDir, keyDir });
  return stack.adopt(secrets, (one) => one.close());
}
