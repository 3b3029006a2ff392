import { type Compiled, compileDefinition } from '#adapters/custom/compile.ts';
import { makeVerify } from '#adapters/custom/verify.ts';
import type { WebhookRequest, WebhookResult } from '#adapters/kit/adapter.ts';
import { readRequest } from '#adapters/kit/verification/request-reader.ts';
import { Problem } from '#schemas/problem.ts';
import { InvalidSettings } from '#schemas/problems.ts';
import type { Checked, CheckReport, Extraction } from './check-report.ts';
import { explainScheme } from './explain-scheme.ts';
import { instantText, quoting } from './explanation.ts';
import { maskOf } from './mask.ts';

export interface CheckInput {
  /** As written: a definition, or settings that hold one. */
  readonly definition: unknown;
  readonly request: WebhookRequest;
  readonly secrets: readonly string[];
  /** What about the sample may differ from what was sent. */
  readonly notes: readonly string[];
}

/** Checks a definition by a sample request, without a server. Pure. */
export function check({ definition: written, request, secrets, notes }: CheckInput): CheckReport {
  let compiled: Compiled;
  try {
    compiled = compileDefinition({ definition: bare(written) as Record<string, unknown> });
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    return { ok: false, title: null, faults: error.faults };
  }
  const { definition } = compiled;
  const usernames = definition.verification.flatMap((scheme) =>
    scheme.scheme === 'basic' ? [scheme.username] : [],
  );
  const mask = maskOf(secrets, usernames);
  const verification = verify(compiled, request, secrets, quoting(mask));
  const extraction = extract(compiled, request, secrets, !verification.verified);
  const checked: Checked = {
    request: {
      method: request.method,
      url: request.url,
      headers: Object.values(request.headers).flat().length,
      body_bytes: request.body.length,
      received_at: instantText(request.receivedAtMs),
      remote_address: request.remoteAddress ?? null,
    },
    notes,
    verification,
    extraction,
  };
  const ok =
    verification.verified && extraction.problem === undefined && extraction.skipped.length === 0;
  return mask({ ok, title: definition.title ?? null, faults: [], checked });
}

/** Settings hold the definition under that name, and a definition has no such field. */
function bare(written: unknown): unknown {
  return typeof written === 'object' && written !== null && Object.hasOwn(written, 'definition')
    ? (written as { readonly definition: unknown }).definition
    : written;
}

function verify(
  compiled: Compiled,
  request: WebhookRequest,
  secrets: readonly string[],
  show: (text: string) => string,
): Checked['verification'] {
  const { definition, challenges, allowsAddress } = compiled;
  const verdict = makeVerify(compiled)(request, secrets);
  const reader = readRequest(request);
  return {
    verified: verdict.verified,
    ...(!verdict.verified && { reason: verdict.reason }),
    require: definition.require,
    address_allowed: definition.network ? allowsAddress(request.remoteAddress) : null,
    handshake: challenges.find(reader)?.index ?? null,
    handshakes: challenges.all.map((challenge) => challenge.unmatched(reader) ?? null),
    schemes: definition.verification.map((scheme) => explainScheme(scheme, request, secrets, show)),
  };
}

function extract(
  { definition, challenges, webhook }: Compiled,
  request: WebhookRequest,
  secrets: readonly string[],
  hypothetical: boolean,
): Extraction {
  let result: WebhookResult;
  try {
    result = webhook(request, secrets);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const problem = { code: error.code, detail: error.message };
    return { hypothetical, problem, events: [], skipped: [] };
  }
  const { drafts, skipped, answer } = result;
  const challenge = challenges.find(readRequest(request));
  const computed =
    challenge !== undefined && definition.challenge[challenge.index]?.respond.kind === 'hmac';
  return {
    hypothetical,
    events: drafts.map((draft) => ({
      event_type: draft.eventType,
      entity_type: draft.entityType,
      entity_id: draft.entityId,
      occurred_at: instantText(draft.occurredAtMs),
      actor: draft.actor,
      dedupe_key: draft.dedupeKey,
      payload: draft.payload,
    })),
    skipped,
    ...(answer && {
      answer: {
        status: answer.status,
        content_type: answer.contentType,
        body: computed ? `(${answer.body.length} characters with an HMAC, not shown)` : answer.body,
      },
    }),
  };
}
