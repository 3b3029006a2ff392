import type { Report } from '../faults.ts';
import { parseTemplate, type TemplatePart } from './content-template.ts';
import type { SignedDefinition } from './definitions.ts';
import { checkSignature } from './signature-value.ts';
import { compileSignedContent } from './signed-content.ts';

/** Reports what makes a scheme that signs content weaker than it looks, or impossible. */
export function checkSigned(definition: SignedDefinition, at: string, report: Report): void {
  checkSignature(definition.signature, `${at}/signature`, report);
  const parts = parseTemplate(definition.content);
  if (typeof parts === 'string') {
    report(`${at}/content`, parts);
    return;
  }
  const has = (name: string) =>
    parts.some((part) => part.kind === 'placeholder' && part.name === name);
  checkSecret(definition, has('secret'), at, report);
  checkBody(definition, has('body'), at, report);
  checkTimestamp(definition, parts, at, report);
  if (has('id') !== (definition.id !== undefined)) {
    report(`${at}/id`, 'and {id} in content need each other');
  }
  if (definition.signature.from === 'query' && (has('uri') || has('query'))) {
    report(`${at}/content`, 'cannot hold {uri} or {query}: the signature itself stands there');
  }
}

function checkSecret(
  definition: SignedDefinition,
  inContent: boolean,
  at: string,
  report: Report,
): void {
  if (definition.scheme === 'digest' && !inContent) {
    report(`${at}/content`, 'must hold {secret}: without it anyone can compute the digest');
  }
  if (definition.scheme === 'public-key' && inContent) {
    report(`${at}/content`, 'cannot hold {secret}: a public key scheme shares none');
  }
  if (definition.scheme === 'public-key') return;
  if (definition.algorithm === 'sha1' && !definition.legacy) {
    report(
      `${at}/algorithm`,
      'sha1 is broken; set legacy to true if the provider has nothing else',
    );
  }
}

function checkBody(
  definition: SignedDefinition,
  inContent: boolean,
  at: string,
  report: Report,
): void {
  const fromBody = definition.signature.from === 'body-pointer';
  if (inContent && fromBody) {
    report(`${at}/content`, 'cannot hold {body}: the signature itself stands there');
  } else if (!inContent && !definition.bodyUnsigned) {
    report(
      `${at}/content`,
      'must hold {body}: else the body can be replaced. Set bodyUnsigned to true to accept that',
    );
  }
}

function checkTimestamp(
  definition: SignedDefinition,
  parts: readonly TemplatePart[],
  at: string,
  report: Report,
): void {
  const { timestamp } = definition;
  const inContent = parts.some((part) => part.kind === 'placeholder' && part.name === 'timestamp');
  if (timestamp === undefined) {
    if (inContent) report(`${at}/timestamp`, 'is required, because content holds {timestamp}');
    return;
  }
  const { from, name } = timestamp;
  if (!inContent && !compileSignedContent(definition).covers(from, name)) {
    report(`${at}/timestamp`, 'is not part of the signed content, so anyone could renew it');
  }
}
