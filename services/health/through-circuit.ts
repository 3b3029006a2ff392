import type { CallProvider } from '#adapters/kit/provider-api.ts';
import type { Circuits } from './circuits.ts';

/**
 * A provider's API behind the circuit of its connection: not called while that is open, and what becomes of
 * each call is noted. For all who call but health checks, which ask by themselves.
 *
 * @returns throws ProviderUnavailable with `retryAfterSeconds` while the circuit is open, and what `call` throws
 */
export function throughCircuit(
  circuits: Pick<Circuits, 'beforeCall' | 'onCall'>,
  connectionId: string,
  call: CallProvider,
): CallProvider {
  return async (request) => {
    await circuits.beforeCall(connectionId);
    try {
      const response = await call(request);
      await circuits.onCall(connectionId);
      return response;
    } catch (error) {
      await circuits.onCall(connectionId, error);
      throw error;
    }
  };
}
