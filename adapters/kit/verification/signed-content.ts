import type { Verdict } from '../adapter.ts';
import {
  type ContentValues,
  expandTemplate,
  parseTemplate,
  type TemplatePart,
} from './content-template.ts';
import type { Place, SignedDefinition } from './definitions.ts';
import { decodeListedEscapes } from './listed-escapes.ts';
import { placeValue } from './place-value.ts';
import { type RequestReader, readPlace, readRequest } from './request-reader.ts';
import type { SampleDraft } from './scheme.ts';
import { refused, VERIFIED } from './signature.ts';
import { parseSignatures, spellSignature } from './signature-value.ts';
import { readTimestamp, spellTimestamp, timestampRefusal } from './timestamp.ts';

/** What is left to do once signatures and content are read: compare them under each key. */
export interface SignedRequest {
  readonly signatures: readonly Buffer[];
  /** @param secret what {secret} stands for */
  content(secret: Buffer): Buffer | undefined;
}

export interface SignedContent {
  readonly parts: readonly TemplatePart[];
  covers(from: Place, name: string): boolean;
  /** Reads signature, timestamp and content, or says why the request is settled without. */
  read(reader: RequestReader): SignedRequest | Verdict;
  /** The content with this secret, whether the rest of the request holds or not. */
  expand(reader: RequestReader, secret: Buffer): Buffer | undefined;
  /** Adds timestamp, id and signature to a sample. */
  sign(draft: SampleDraft, compute: (request: SignedRequest) => Buffer): SampleDraft;
}

/** Compiles what all schemes that sign content share; `checkSigned` reports their faults. */
export function compileSignedContent(definition: SignedDefinition): SignedContent {
  const template = parseTemplate(definition.content);
  const parts = typeof template === 'string' ? [] : template;
  return {
    parts,
    covers: (from, name) => covers(definition, parts, from, name),
    read: (reader) => readSigned(definition, parts, reader),
    expand: (reader, secret) => expandTemplate(parts, contentValues(definition, reader), secret),
    sign: (draft, compute) => signDraft(definition, parts, draft, compute),
  };
}

export function isVerdict(read: SignedRequest | Verdict): read is Verdict {
  return 'verified' in read;
}

function readSigned(
  definition: SignedDefinition,
  parts: readonly TemplatePart[],
  reader: RequestReader,
): SignedRequest | Verdict {
  const { signature } = definition;
  const texts = [signature.name, ...signature.alternateNames]
    .map((name) => readPlace(reader, signature.from, name))
    .filter((text) => text !== undefined);
  if (texts.length === 0) {
    const ping = definition.unsignedPing === 'ack-and-drop' && isUnsignedPing(definition, reader);
    return ping ? VERIFIED : refused('signature_missing');
  }
  const signatures = texts.flatMap((text) => parseSignatures(signature, text));
  if (signatures.length === 0) return refused('signature_malformed');
  if (definition.timestamp !== undefined) {
    const timestamp = readTimestamp(definition.timestamp, reader);
    const reason = timestampRefusal(definition.timestamp, timestamp, reader.request.receivedAtMs);
    if (reason !== undefined) return refused(reason);
  }
  const values = contentValues(definition, reader);
  return { signatures, content: (secret) => expandTemplate(parts, values, secret) };
}

/** A header sent twice reads as missing, but such a request is no ping. */
function isUnsignedPing(definition: SignedDefinition, { request }: RequestReader): boolean {
  const names = [definition.signature.name, ...definition.signature.alternateNames];
  return (
    request.body.length === 0 &&
    names.every((name) => request.headers[name.toLowerCase()] === undefined)
  );
}

function contentValues(definition: SignedDefinition, reader: RequestReader): ContentValues {
  const { timestamp, id, uri } = definition;
  const { request, path, rawQuery } = reader;
  const target = `${path}${request.url.includes('?') ? `?${rawQuery}` : ''}`;
  const url = uri.base === 'configured' ? request.url : `${uri.base}${target}`;
  return {
    method: request.method,
    uri: uri.decode === 'listed' ? decodeListedEscapes(url) : url,
    path,
    query: rawQuery,
    body: request.body,
    timestamp: timestamp === undefined ? undefined : readTimestamp(timestamp, reader),
    id: id === undefined ? undefined : readPlace(reader, id.from, id.name),
    header: reader.header,
  };
}

function covers(
  definition: SignedDefinition,
  parts: readonly TemplatePart[],
  from: Place,
  name: string,
): boolean {
  const has = (...names: readonly string[]) =>
    parts.some((part) => part.kind === 'placeholder' && names.includes(part.name));
  if (from === 'body-pointer') return has('body');
  if (from === 'query') return has('uri', 'query');
  const header = name.toLowerCase();
  const { id } = definition;
  return (
    parts.some((part) => part.kind === 'header' && part.name === header) ||
    (has('id') && id?.from === 'header' && id.name.toLowerCase() === header)
  );
}

function signDraft(
  definition: SignedDefinition,
  parts: readonly TemplatePart[],
  draft: SampleDraft,
  compute: (request: SignedRequest) => Buffer,
): SampleDraft {
  const { timestamp, id, signature } = definition;
  let signed = draft;
  if (id !== undefined) {
    signed = placeValue(signed, id.from, id.name, `msg_sample_${draft.sequence}`);
  }
  const leading: string[] = [];
  if (timestamp !== undefined) {
    const text = spellTimestamp(timestamp, draft.nowMs);
    const value = timestamp.key === undefined ? text : `${timestamp.key}=${text}`;
    // In a list the timestamp shares its header with the signature, which is added around it.
    if (timestamp.key !== undefined) leading.push(value);
    signed = placeValue(signed, timestamp.from, timestamp.name, value);
  }
  const reader = readRequest({ ...signed, receivedAtMs: draft.nowMs });
  const values = contentValues(definition, reader);
  const bytes = compute({
    signatures: [],
    content: (secret) => expandTemplate(parts, values, secret),
  });
  const text = spellSignature(signature, bytes, leading);
  return placeValue(signed, signature.from, signature.name, text);
}
