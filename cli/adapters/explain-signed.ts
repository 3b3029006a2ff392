import type { SignedDefinition } from '#adapters/kit/verification/definitions.ts';
import { type RequestReader, readPlace } from '#adapters/kit/verification/request-reader.ts';
import { keysOf } from '#adapters/kit/verification/secret-key.ts';
import { parseSignatures } from '#adapters/kit/verification/signature-value.ts';
import {
  compileSignedContent,
  type SignedContent,
} from '#adapters/kit/verification/signed-content.ts';
import { readTimestamp } from '#adapters/kit/verification/timestamp.ts';
import { explainMissing, placeText } from './explain-missing.ts';
import { explainMalformed } from './explain-signature.ts';
import { explainTimestamp } from './explain-timestamp.ts';
import { type Explanation, type Look, missingSecret } from './explanation.ts';
import { MASK } from './mask.ts';
import { findNearMiss } from './near-miss.ts';

/** Bytes each hash gives. */
const HASH_BYTES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;

/** Explains a scheme that signs content: what was signed, by what, and when. */
export function explainSigned(definition: SignedDefinition, look: Look): Explanation {
  const { reader, secrets, reason, show } = look;
  const signed = compileSignedContent(definition);
  const sent = sentSignature(definition, reader);
  const timestamp = definition.timestamp && explainTimestamp(definition.timestamp, look);
  const content = signed.expand(reader, Buffer.from(MASK));
  const facts: (readonly [string, string])[] = [];
  if (sent !== undefined) facts.push(['signature', describeSignature(definition, sent, show)]);
  facts.push(...(timestamp?.facts ?? []));
  if (content !== undefined) facts.push(['content', describeContent(signed, content, show)]);
  const why: string[] = [];
  switch (reason) {
    case undefined:
      break;
    case 'signature_missing':
      why.push(explainMissing(reader, definition.signature.from, definition.signature.name));
      break;
    case 'secret_missing':
      why.push(whyNoKey(definition, secrets));
      break;
    case 'signature_malformed':
      why.push(
        sent !== undefined && parseSignatures(definition.signature, sent.text).length === 0
          ? explainMalformed(definition.signature, sent.text, show)
          : `content cannot be put together: the request has no ${missingPart(definition, signed, reader)}.`,
      );
      break;
    case 'signature_mismatch':
      why.push(whyMismatch(definition, reader, secrets, sent?.text ?? ''));
      break;
    default:
      why.push(...(timestamp?.why ?? []));
  }
  return { facts, why };
}

interface Sent {
  readonly name: string;
  readonly text: string;
}

function sentSignature({ signature }: SignedDefinition, reader: RequestReader): Sent | undefined {
  for (const name of [signature.name, ...signature.alternateNames]) {
    const text = readPlace(reader, signature.from, name);
    if (text !== undefined) return { name, text };
  }
  return undefined;
}

function describeSignature(
  { signature }: SignedDefinition,
  { name, text }: Sent,
  show: Look['show'],
): string {
  const lengths = parseSignatures(signature, text).map(({ length }) => `${length} bytes`);
  const decoded = lengths.length === 0 ? 'nothing' : lengths.join(', ');
  return `${placeText(signature.from, name)}: ${show(text)}, in ${signature.encoding} ${decoded}`;
}

/** The secret inside is masked, and not counted. */
function describeContent({ parts }: SignedContent, content: Buffer, show: Look['show']): string {
  const secrets = parts.filter((part) => part.kind === 'placeholder' && part.name === 'secret');
  const bytes = content.length - secrets.length * MASK.length;
  const beside = secrets.length === 0 ? '' : ' beside the secret';
  return `${bytes} bytes${beside}: ${show(content.toString('utf8'))}`;
}

function whyNoKey(definition: SignedDefinition, secrets: readonly string[]): string {
  if (definition.scheme === 'public-key') {
    return missingSecret(secrets, `a public key in PEM for ${definition.algorithm}`);
  }
  return missingSecret(secrets, `${definition.secret.encoding}, as secret.encoding says`);
}

function missingPart(
  { timestamp, id }: SignedDefinition,
  { parts }: SignedContent,
  reader: RequestReader,
): string {
  for (const part of parts) {
    if (part.kind === 'header' && reader.header(part.name) === undefined) {
      return `header ${part.name}, or it has it twice`;
    }
    if (part.kind !== 'placeholder') continue;
    if (part.name === 'id' && id && readPlace(reader, id.from, id.name) === undefined) {
      return placeText(id.from, id.name);
    }
    if (part.name === 'timestamp' && timestamp && readTimestamp(timestamp, reader) === undefined) {
      return placeText(timestamp.from, timestamp.name);
    }
  }
  return 'value for one of its placeholders';
}

function whyMismatch(
  definition: SignedDefinition,
  reader: RequestReader,
  secrets: readonly string[],
  sent: string,
): string {
  if (definition.scheme === 'public-key') {
    return 'The signature is not of this key and content. Compare the content above with what the provider says it signs.';
  }
  const nearMiss = findNearMiss(definition, reader, secrets);
  if (nearMiss !== undefined) return `It would match if ${nearMiss}.`;
  const due = HASH_BYTES[definition.algorithm];
  const found = parseSignatures(definition.signature, sent).map(({ length }) => length);
  if (!found.includes(due)) {
    const of = Object.entries(HASH_BYTES).find(([, bytes]) => found.includes(bytes))?.[0];
    const advice = of === undefined ? '' : `, as ${of} does`;
    return `The signature has ${found.join(', ')} bytes${advice}; ${definition.algorithm} gives ${due}.`;
  }
  const keys = keysOf(definition.secret, secrets)
    .map(({ length }) => `${length} bytes`)
    .join(', ');
  return `The signature is of another secret or of other content. The secret is a key of ${keys}. Compare the content above, byte by byte, with what the provider says it signs, and give the public URL with --url where it is signed.`;
}
