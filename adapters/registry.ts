import { customAdapter } from './custom/adapter.ts';
import { hubspotAdapter } from './hubspot/adapter.ts';
import type { Adapter } from './kit/adapter.ts';
import { salesforceAdapter } from './salesforce/adapter.ts';
import { zenotiAdapter } from './zenoti/adapter.ts';
import { zohoAdapter } from './zoho/adapter.ts';

/** Every adapter there is. A new provider is a folder and a line here. */
const ADAPTERS = [
  hubspotAdapter,
  salesforceAdapter,
  zohoAdapter,
  zenotiAdapter,
  customAdapter,
] as const;

/** The adapters by the name of their provider. Settings are parsed by the adapter's own schema. */
export function adaptersByProvider(): ReadonlyMap<string, Adapter> {
  return new Map(ADAPTERS.map((adapter) => [adapter.provider, adapter as unknown as Adapter]));
}
