import type { RefusalReason, WebhookRequest } from '#adapters/kit/adapter.ts';
import type { SchemeDefinition } from '#adapters/kit/verification/definitions.ts';
import { readRequest } from '#adapters/kit/verification/request-reader.ts';
import { compileVerifier } from '#adapters/kit/verification/verifier.ts';
import { explainBasic, explainJwt, explainToken } from './explain-bearer.ts';
import { explainSigned } from './explain-signed.ts';
import type { Explanation, Look } from './explanation.ts';

/** What one scheme of a definition makes of a request, and why. */
export interface SchemeFinding extends Explanation {
  readonly scheme: SchemeDefinition['scheme'];
  readonly verified: boolean;
  readonly reason?: RefusalReason;
}

/** Checks a request by one scheme alone. The definition it is of has been found valid. */
export function explainScheme(
  definition: SchemeDefinition,
  request: WebhookRequest,
  secrets: readonly string[],
  show: Look['show'],
): SchemeFinding {
  const reader = readRequest(request);
  const verifier = compileVerifier({ require: 'any', verification: [definition] }, () => {});
  const verdict = verifier.verify(reader, secrets);
  const reason = verdict.verified ? undefined : verdict.reason;
  const explanation = explain(definition, { reader, secrets, reason, show });
  return {
    scheme: definition.scheme,
    verified: verdict.verified,
    ...(reason !== undefined && { reason }),
    ...explanation,
  };
}

function explain(definition: SchemeDefinition, look: Look): Explanation {
  switch (definition.scheme) {
    case 'hmac':
    case 'digest':
    case 'public-key':
      return explainSigned(definition, look);
    case 'static-token':
      return explainToken(definition, look);
    case 'basic':
      return explainBasic(definition, look);
    case 'jwt':
      return explainJwt(definition, look);
    case 'none':
      return { facts: [], why: [] };
  }
}
