// A plain HTTP client for tests that call sandboxes on this machine.

import { ProviderUnavailable } from '#schemas/problems.ts';
import type { SendHttp } from '#services/connections/test-credential.ts';

const MAX_BYTES = 1024 * 1024;

/** Sends a request and reads at most a mebibyte of the answer. @throws ProviderUnavailable */
export const sendHttp: SendHttp = async (url, { method, headers, body, timeoutMs }) => {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers,
      body: body ?? null,
      redirect: 'manual',
      signal,
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (text.length > MAX_BYTES) throw new Error('The answer is too long.');
    }
    return { status: response.status, headers: Object.fromEntries(response.headers), text };
  } catch (cause) {
    throw new ProviderUnavailable('The provider could not be reached.', { cause });
  }
};
