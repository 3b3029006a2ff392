import type {
  AccountOptions,
  DeliveryPolicy,
  ProviderSandbox,
  SandboxAccount,
} from '#adapters/kit/sandbox/contract.ts';
import { startSandbox } from '#adapters/kit/sandbox/sandbox.ts';
import { InvalidSettings } from '#schemas/problems.ts';
import { compileDefinition } from '../compile.ts';
import { contentTypeOf } from '../sample.ts';
import type { CustomSettings } from '../settings.ts';
import { SHOP_TYPES, Shop } from './account.ts';
import { shopApi } from './api.ts';
import type { ShopChange } from './change.ts';
import shop from './shop.json' with { type: 'json' };
import { spellChanges } from './spell-changes.ts';

const FIRST_RETRY_MS = 10_000;
const MAX_RETRIES = 5;

/** How the example shop delivers. It is nobody's documentation: a plain sender with a short memory. */
const POLICY: DeliveryPolicy = {
  maxBatch: 50,
  maxConcurrentRequests: 4,
  timeoutMs: 10_000,
  // 10 s, 30 s, 90 s, 4.5 min, 13.5 min.
  retryDelayMs: (retry) => (retry > MAX_RETRIES ? undefined : FIRST_RETRY_MS * 3 ** (retry - 1)),
  regroups: false,
};

/**
 * An example shop on this machine that sends what `shop.json` reads, signed by the definition of the
 * connection, whichever that is.
 */
export const customSandbox: ProviderSandbox<CustomSettings> = {
  settings: { definition: shop },
  start: async (options) => startSandbox((account) => openShop(account, options.secret), options),
};

/** @throws InvalidSettings when the definition does not read JSON, or cannot be signed here */
function openShop(
  { targetUrl, settings, random, nowMs }: AccountOptions<CustomSettings>,
  ownSecret: string,
): SandboxAccount<ShopChange> {
  const { definition, verifier } = compileDefinition(settings);
  if (definition.extract.format !== 'json') {
    throw new InvalidSettings('The sandbox sends JSON, and the definition reads forms.');
  }
  const account = new Shop({ random, nowMs });
  const [method = 'POST'] = definition.allowedMethods;
  const headers = { 'content-type': contentTypeOf(definition) };
  let requests = 0;
  const sign = (body: Buffer, secret: string, statedMs: number) => {
    requests += 1;
    const draft = { method, url: targetUrl, headers, body, nowMs: statedMs, sequence: requests };
    return verifier.sign(draft, secret);
  };
  // What cannot be signed is told at the start, not with the first change.
  sign(spellChanges([]), ownSecret, nowMs());
  return {
    changeTypes: SHOP_TYPES,
    policy: POLICY,
    change: (type) => account.change(type),
    records: () => account.records(),
    ...(settings.api && { api: shopApi(settings.api) }),
    request(changes, { secret, nowMs: statedMs }) {
      const body = spellChanges(changes.map(({ change }) => change));
      const used = secret === ownSecret ? secret : alter(ownSecret);
      const signed = sign(body, used, statedMs);
      return { method: signed.method, url: signed.url, headers: signed.headers, body };
    },
  };
}

/** Another secret of the same spelling: one that is no base64 or hex could not sign at all. */
function alter(secret: string): string {
  const middle = Math.floor(secret.length / 2);
  return secret.slice(0, middle) + (secret[middle] === '0' ? '1' : '0') + secret.slice(middle + 1);
}
