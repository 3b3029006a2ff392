import type { SandboxApi } from '#adapters/kit/sandbox/api.ts';
import type { CustomSettings } from '../settings.ts';

/** The API of the example shop: one address, and the key where the settings of the connection put it. */
export function shopApi({
  key_header,
  key_prefix,
  health_path,
}: NonNullable<CustomSettings['api']>) {
  const api: SandboxApi = {
    tokenOf(headers) {
      const value = headers[key_header];
      if (typeof value !== 'string' || !value.startsWith(key_prefix)) return undefined;
      return value.slice(key_prefix.length) || undefined;
    },
    unauthorized: () => ({ status: 401, json: { error: 'unauthorized' } }),
    forbidden: () => ({ status: 403, json: { error: 'forbidden' } }),
    limited: () => ({
      status: 429,
      headers: { 'retry-after': '30' },
      json: { error: 'slow_down' },
    }),
    answer({ method, path }) {
      const [wanted] = health_path.split('?');
      return method === 'GET' && path === wanted ? { status: 200, json: { ok: true } } : undefined;
    },
  };
  return api;
}
