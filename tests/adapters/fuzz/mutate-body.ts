import type { Random } from '#adapters/kit/sandbox/random.ts';
import { alteredJson, hostileDocument } from './hostile-json.ts';
import {
  anyLength,
  BROKEN_UTF8,
  hostileText,
  hostileWord,
  longRun,
  randomBytes,
} from './hostile-text.ts';
import { alteredXml, hostileXml } from './hostile-xml.ts';
import type { Source } from './sources.ts';

/** Another body than the source's: slightly, or altogether. At most `limit` bytes. */
export function mutatedBody(source: Source, random: Random, limit: number): Buffer {
  const { body } = source.request;
  const draw = random.next();
  const made =
    draw < 0.5
      ? alteredDocument(source, random, limit)
      : draw < 0.85
        ? alteredBytes(body, random, limit)
        : garbage(random, limit);
  return made.subarray(0, limit);
}

/** Altered as what it is: JSON, XML or a form. */
function alteredDocument({ request, json }: Source, random: Random, limit: number): Buffer {
  const { body } = request;
  const text = body.toString('utf8');
  if (text.trimStart().startsWith('<')) return Buffer.from(alteredXml(text, random, limit));
  let altered = alteredJson(json, random, limit);
  // Faults that hide behind one another come in twos.
  if (altered !== undefined && random.next() < 0.2 && altered.length < 2_000) {
    altered = alteredJson(parsed(altered), random, limit) ?? altered;
  }
  if (altered !== undefined) return Buffer.from(altered);
  return body.length === 0 ? garbage(random, limit) : Buffer.from(alteredForm(text, random, limit));
}

function alteredForm(text: string, random: Random, limit: number): string {
  const pairs = text.split('&');
  const at = random.integer(0, pairs.length - 1);
  const name = pairs[at]?.split('=', 1)[0] ?? '';
  switch (random.integer(0, 4)) {
    case 0:
      return pairs.toSpliced(at, 1).join('&');
    case 1:
      return pairs.toSpliced(at, 0, `${name}=${hostileWord(random)}`).join('&');
    case 2:
      return `${text}&${`${name}=1&`.repeat(anyLength(random, limit / (name.length + 3)))}`;
    case 3:
      return pairs.with(at, `${hostileWord(random)}=${hostileText(random, limit)}`).join('&');
    default:
      return pairs.with(at, `${name}=${hostileText(random, limit)}`).join('&');
  }
}

/** Altered as bytes: bits, cuts, insertions, repetitions, another encoding. */
function alteredBytes(body: Buffer, random: Random, limit: number): Buffer {
  const at = random.integer(0, body.length);
  const other = random.integer(0, body.length);
  const [start, end] = at < other ? [at, other] : [other, at];
  const insert = (what: Buffer) => Buffer.concat([body.subarray(0, at), what, body.subarray(at)]);
  switch (random.integer(0, 9)) {
    case 0:
    case 1:
      return flippedBits(body, random);
    case 2:
      return body.subarray(0, at);
    case 3:
      return insert(randomBytes(random, random.integer(1, 16)));
    case 4:
      return insert(random.pick(BROKEN_UTF8));
    case 5:
      return insert(Buffer.from(hostileText(random, limit - Math.min(limit - 1, body.length))));
    case 6:
      return insert(body.subarray(start, end));
    case 7:
      return Buffer.concat([body.subarray(0, start), body.subarray(end)]);
    case 8: {
      const times = Math.floor(anyLength(random, limit) / Math.max(1, body.length));
      return Buffer.concat(Array<Buffer>(Math.max(2, times)).fill(body));
    }
    default:
      return random.pick([
        () => Buffer.from(body.toString('utf8'), 'utf16le'),
        () => Buffer.concat([Buffer.from('\ufeff'), body]),
        () => Buffer.concat([body, Buffer.from(longRun(random, limit))]),
        () => Buffer.alloc(0),
      ])();
  }
}

function flippedBits(body: Buffer, random: Random): Buffer {
  if (body.length === 0) return Buffer.from('x');
  const copy = Buffer.from(body);
  for (let count = random.integer(1, 4); count > 0; count -= 1) {
    const at = random.integer(0, copy.length - 1);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.integer(0, 7));
  }
  return copy;
}

function garbage(random: Random, limit: number): Buffer {
  switch (random.integer(0, 3)) {
    case 0:
      return randomBytes(random, anyLength(random, Math.min(limit, 2_000)));
    case 1:
      return Buffer.from(hostileText(random, limit));
    case 2:
      return Buffer.from(hostileXml(random, limit));
    default:
      return Buffer.from(hostileDocument(random, limit));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
