import type { SampleOptions, WebhookRequest } from '#adapters/kit/adapter.ts';
import { placeValue } from '#adapters/kit/verification/place-value.ts';
import type { SampleDraft } from '#adapters/kit/verification/scheme.ts';
import type { Verifier } from '#adapters/kit/verification/verifier.ts';
import { InvalidSettings } from '#schemas/problems.ts';
import type { Definition, SampleDefinition } from './definition-schema.ts';
import type { CustomSettings } from './settings.ts';

/**
 * Builds and signs a sample of a definition.
 *
 * @throws InvalidSettings when the definition has no samples, or its scheme cannot be signed here
 */
export function buildSample(
  definition: Definition,
  verifier: Verifier,
  options: SampleOptions<CustomSettings>,
): WebhookRequest {
  const sample = findSample(definition, options.name);
  const fill = (text: string) =>
    text
      .replaceAll('{sequence}', String(options.sequence))
      .replaceAll('{nowMs}', String(options.nowMs))
      .replaceAll('{now}', new Date(options.nowMs).toISOString());
  const body = typeof sample.body === 'string' ? sample.body : JSON.stringify(sample.body);
  let draft: SampleDraft = {
    method: sample.method,
    url: options.url,
    headers: {
      'content-type': contentTypeOf(definition),
    },
    body: Buffer.from(fill(body)),
    nowMs: options.nowMs,
    sequence: options.sequence,
  };
  for (const [name, value] of Object.entries(sample.headers)) {
    draft = placeValue(draft, 'header', name, fill(value));
  }
  for (const [name, value] of Object.entries(sample.query)) {
    draft = placeValue(draft, 'query', name, fill(value));
  }
  const { method, url, headers, body: bytes } = verifier.sign(draft, options.secret);
  return { method, url, headers, body: bytes, receivedAtMs: options.nowMs };
}

/** What `extract` takes. */
export function contentTypeOf({ extract }: Definition): string {
  const [allowed] = extract.allowedContentTypes ?? [];
  const usual =
    extract.format === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
  return allowed ?? usual;
}

/** The sample of that name; `default` is the first one unless one is so named. */
function findSample({ samples }: Definition, name: string): SampleDefinition {
  const found = samples.find((sample) => sample.name === name);
  const sample = found ?? (name === 'default' ? samples[0] : undefined);
  if (sample !== undefined) return sample;
  throw new InvalidSettings(
    samples.length === 0
      ? 'The definition has no samples. Add one under "samples", with a name and a body.'
      : `The definition has no sample of that name, only ${samples.map((one) => one.name).join(', ')}.`,
  );
}
