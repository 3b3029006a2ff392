import type { BoundAdapter } from '#adapters/kit/adapter.ts';
import { pathSecretRefusal } from '#adapters/kit/verification/path-secret.ts';
import { readRequest } from '#adapters/kit/verification/request-reader.ts';
import { refused, VERIFIED } from '#adapters/kit/verification/signature.ts';
import { needsPathSecret, type ZenotiSettings } from './settings.ts';
import { signatureScheme } from './sign.ts';

/**
 * Compiles the settings to the check of one request: the secret segment of the URL where there is
 * one or must be one, then the signature. There is no timestamp: what limits replays is that an
 * event is accepted once.
 */
export function makeVerify(settings: ZenotiSettings): BoundAdapter['verify'] {
  const scheme = signatureScheme(settings);
  const pathRequired = needsPathSecret(settings);
  return (request, secrets) => {
    const refusal = pathSecretRefusal(request.url, secrets);
    if (refusal !== undefined && (pathRequired || refusal !== 'path_secret_missing')) {
      return refused(refusal);
    }
    const isSigned = request.headers[settings.signature_header] !== undefined;
    if (!settings.require_signature && !isSigned) return VERIFIED;
    return scheme.verify(readRequest(request), secrets);
  };
}

/** Whether the URL of a verified request ends in the secret segment, which `verify` then has checked. */
export function hasPathSecret(url: string): boolean {
  return pathSecretRefusal(url, []) !== 'path_secret_missing';
}
