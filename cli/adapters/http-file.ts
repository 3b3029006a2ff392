/** One request as a file holds it, in the manner of REST clients. */
export interface HttpFile {
  readonly method: string;
  /** A path with its query, or an absolute URL. */
  readonly target: string;
  /** In the order of the file; a name that stands there twice is there twice. Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Every byte after the blank line. */
  readonly body: Buffer;
}

/** A file that holds no request. The message says what is due, and never quotes the file. */
export class HttpFileFault extends Error {
  /** Counted from 1. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(`Line ${line} ${message}`);
    this.name = 'HttpFileFault';
    this.line = line;
  }
}

const LF = 0x0a;
const REQUEST_LINE = /^([A-Z]{1,16}) +(\S+)(?: +HTTP\/\d(?:\.\d)?)? *$/;
const TARGET = /^(?:\/|https?:\/\/[^/?#\s])[\x21-\x7e]*$/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/;
/** Tabs are allowed in values; every other control character is not. */
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;

interface Line {
  readonly number: number;
  readonly text: string;
}

/**
 * Reads a file such as
 *
 *     # a comment
 *     POST /webhooks HTTP/1.1
 *     X-Signature: 5257a8
 *
 *     {"the": "body"}
 *
 * Lines of the head end with LF or CRLF and are Latin-1, as they come over the wire; the body is
 * taken byte by byte. Comments (`#`, `//`) and blank lines may stand before the request line.
 *
 * @throws HttpFileFault
 */
export function parseHttpFile(bytes: Buffer): HttpFile {
  const file = new Lines(bytes);
  const { method, target } = parseRequestLine(firstLine(file));
  const headers: [string, string][] = [];
  for (let line = file.next(); line !== undefined && line.text !== ''; line = file.next()) {
    headers.push(parseHeader(line));
  }
  return { method, target, headers, body: file.rest() };
}

function firstLine(file: Lines): Line {
  let line = file.next();
  while (line !== undefined && /^(?:\s*$|#|\/\/)/.test(line.text)) line = file.next();
  if (line !== undefined) return line;
  throw new HttpFileFault(1, 'is not followed by a request such as POST /path HTTP/1.1.');
}

function parseRequestLine({ number, text }: Line): Pick<HttpFile, 'method' | 'target'> {
  const [, method, target] = REQUEST_LINE.exec(text) ?? [];
  if (method === undefined || target === undefined) {
    throw new HttpFileFault(number, 'must be a request line such as POST /path HTTP/1.1.');
  }
  if (!TARGET.test(target)) {
    throw new HttpFileFault(
      number,
      'must name a path that begins with a slash, or a URL of http or https, in ASCII.',
    );
  }
  return { method, target };
}

function parseHeader({ number, text }: Line): [string, string] {
  if (/^[ \t]/.test(text)) {
    throw new HttpFileFault(number, 'begins with a space: a header cannot go on in the next line.');
  }
  const [, name, value] = HEADER.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new HttpFileFault(
      number,
      'must be a header such as Name: value. A blank line comes before the body.',
    );
  }
  if (CONTROL.test(value)) throw new HttpFileFault(number, 'holds a control character.');
  return [name.toLowerCase(), trimmed(value)];
}

/** Without spaces and tabs around it. By hand: the pattern for it is quadratic. */
function trimmed(text: string): string {
  const isBlank = (at: number) => text[at] === ' ' || text[at] === '\t';
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(start)) start += 1;
  while (end > start && isBlank(end - 1)) end -= 1;
  return text.slice(start, end);
}

class Lines {
  readonly #bytes: Buffer;
  #at: number;
  #number = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    // Editors put a mark before UTF-8.
    this.#at = bytes.subarray(0, 3).equals(Buffer.from('\ufeff')) ? 3 : 0;
  }

  next(): Line | undefined {
    if (this.#at >= this.#bytes.length) return undefined;
    this.#number += 1;
    const found = this.#bytes.indexOf(LF, this.#at);
    const end = found === -1 ? this.#bytes.length : found;
    const text = this.#bytes.toString('latin1', this.#at, end).replace(/\r$/, '');
    this.#at = end + 1;
    return { number: this.#number, text };
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }
}
