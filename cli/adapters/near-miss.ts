import type { HashDefinition } from '#adapters/kit/verification/definitions.ts';
import { hashScheme } from '#adapters/kit/verification/hash.ts';
import { type RequestReader, readRequest } from '#adapters/kit/verification/request-reader.ts';

interface Variant {
  /** What is assumed, as the end of "It would match if …". */
  readonly assumption: string;
  readonly definition?: Partial<HashDefinition>;
  readonly body?: (body: Buffer) => Buffer;
  readonly secret?: (secret: string) => string;
}

const text = (change: (text: string) => string) => (body: Buffer) =>
  Buffer.from(change(body.toString('latin1')), 'latin1');

/** The slips seen most: one thing that differs from what the provider did. */
const VARIANTS: readonly Variant[] = [
  {
    assumption: 'the body had no line break at its end: editors add one to the sample',
    body: text((body) => body.replace(/\r?\n$/, '')),
  },
  {
    assumption: 'the body had a line break at its end',
    body: text((body) => `${body}\n`),
  },
  {
    assumption: 'lines of the body ended with LF, not CRLF',
    body: text((body) => body.replaceAll('\r\n', '\n')),
  },
  {
    assumption: 'lines of the body ended with CRLF, not LF',
    body: text((body) => body.replaceAll(/\r?\n/g, '\r\n')),
  },
  ...(['sha256', 'sha512', 'sha384', 'sha1'] as const).map((algorithm): Variant => {
    return { assumption: `algorithm were ${algorithm}`, definition: { algorithm } };
  }),
  ...(['utf8', 'base64', 'hex'] as const).map((encoding): Variant => {
    const secret = { encoding, prefix: '' };
    return {
      assumption: `secret were ${JSON.stringify(secret)}`,
      definition: { secret },
    };
  }),
  {
    assumption: 'secret were {"encoding":"base64","prefix":"whsec_"}',
    definition: { secret: { encoding: 'base64', prefix: 'whsec_' } },
  },
  { assumption: 'the secret had no spaces around it', secret: (secret) => secret.trim() },
  ...[
    ...[
      '{body}',
      '{timestamp}.{body}',
      '{timestamp}{body}',
      '{timestamp}:{body}',
      '{body}{timestamp}',
    ],
    ...['{id}.{timestamp}.{body}', '{method}{uri}{body}', '{method}{uri}{body}{timestamp}'],
    ...[
      '{uri}{body}',
      '{path}{body}',
      '{secret}{body}',
      '{body}{secret}',
      '{secret}{method}{uri}{body}',
    ],
  ].map((content): Variant => {
    return { assumption: `content were ${JSON.stringify(content)}`, definition: { content } };
  }),
];

/**
 * Looks for one slip that would explain why a signature does not match.
 *
 * @returns what would have to be otherwise; undefined when no single slip explains it
 */
export function findNearMiss(
  definition: HashDefinition,
  reader: RequestReader,
  secrets: readonly string[],
): string | undefined {
  const { request } = reader;
  return VARIANTS.find(({ definition: change, body, secret }) => {
    const scheme = hashScheme({ ...definition, ...change } as HashDefinition);
    const changed = { ...request, body: body ? body(request.body) : request.body };
    const keys = secret ? secrets.map(secret) : secrets;
    return scheme.verify(readRequest(changed), keys).verified;
  })?.assumption;
}
