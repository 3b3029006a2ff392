import type { WebhookResult } from '#adapters/kit/adapter.ts';
import { mapItems } from '#adapters/kit/batch.ts';
import type { Report } from '#adapters/kit/faults.ts';
import type { RequestReader } from '#adapters/kit/verification/request-reader.ts';
import type { Verifier } from '#adapters/kit/verification/verifier.ts';
import { parseBody } from './body.ts';
import type { Definition } from './definition-schema.ts';
import { compileItem } from './item.ts';

/** @throws InvalidJson, InvalidBody or ContentTypeNotSupported when nothing of the body can be used */
export type Extractor = (reader: RequestReader) => WebhookResult;

/** Compiles `extract`: how a verified body becomes event drafts. */
export function compileExtractor(
  { extract }: Definition,
  verifier: Verifier,
  report: Report,
): Extractor {
  if (extract.format === 'form' && extract.batch !== undefined) {
    report('/definition/extract/batch', 'has no use with forms, whose body is one item');
  }
  const readItem = compileItem(extract, verifier, report);
  return (reader) => {
    if (verifier.acceptsPing && reader.request.body.length === 0) {
      return { drafts: [], skipped: [] };
    }
    const { document, items } = parseBody(extract, reader.request);
    return mapItems(
      items,
      ({ value }) => readItem({ item: value, document, reader }),
      (index) => items[index]?.pointer ?? '',
    );
  };
}
