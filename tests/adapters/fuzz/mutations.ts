import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import type { Random } from '#adapters/kit/sandbox/random.ts';
import type { Attempt } from './genuine.ts';
import { hostileText, hostileWord, longRun } from './hostile-text.ts';
import { mutatedBody } from './mutate-body.ts';
import { MAX_LINE, mutatedHeaders, mutatedText } from './mutate-header.ts';
import type { Source } from './sources.ts';

export interface Mutation extends Attempt {
  /** What was done, for the report of a fault. */
  readonly how: readonly string[];
}

export interface MutationOptions {
  readonly source: Source;
  /** Requests that lend their headers, bodies and secrets. */
  readonly donors: readonly Source[];
  readonly random: Random;
  /** Largest body, in bytes. */
  readonly maxBodyBytes: number;
}

type Mutator = (attempt: Attempt, options: MutationOptions) => Attempt;

/** End of the year 9999: no clock of ours goes further. */
const LAST_MS = 253_402_300_799_999;
const ADDRESSES = [
  '127.0.0.1',
  '::1',
  '::ffff:10.0.0.1',
  '203.0.113.9',
  '999.1.1.1',
  'localhost',
  '',
];
const METHODS = ['GET', 'PUT', 'PATCH', 'DELETE', 'post', '', 'POST ', '__proto__'];

/** What can be done to a request, and how often, in parts. */
const MUTATORS: readonly (readonly [how: string, parts: number, mutate: Mutator])[] = [
  ['body', 50, (attempt, options) => withRequest(attempt, { body: bodyOf(options) })],
  ['body of another', 4, (attempt, o) => withRequest(attempt, { body: donor(o).request.body })],
  [
    'header',
    18,
    (attempt, { random }) => withHeaders(attempt, mutatedHeaders(attempt.request.headers, random)),
  ],
  ['headers of another', 6, (attempt, o) => withHeaders(attempt, donor(o).request.headers)],
  ['all of another but the URL', 3, allOfAnother],
  ['url', 6, mutateUrl],
  ['method', 2, (attempt, { random }) => withRequest(attempt, { method: random.pick(METHODS) })],
  [
    'address',
    1,
    (attempt, { random }) => withRequest(attempt, { remoteAddress: random.pick(ADDRESSES) }),
  ],
  ['time', 6, mutateTime],
  ['secrets', 6, mutateSecrets],
];
const DRAW = MUTATORS.flatMap((one) => Array<(typeof MUTATORS)[number]>(one[1]).fill(one));

/** A request that its provider never sent. One time of four something else is changed as well. */
export function mutated(options: MutationOptions): Mutation {
  const { source, random } = options;
  let attempt: Attempt = { request: source.request, secrets: source.secrets };
  const how: string[] = [];
  do {
    const [name, , mutate] = random.pick(DRAW);
    attempt = mutate(attempt, options);
    how.push(name);
  } while (how.length < 3 && random.next() < 0.25);
  return { ...attempt, how };
}

const bodyOf = ({ source, random, maxBodyBytes }: MutationOptions) =>
  mutatedBody(source, random, maxBodyBytes);
const donor = ({ donors, random }: MutationOptions) => random.pick(donors);

function withRequest(attempt: Attempt, changed: Partial<WebhookRequest>): Attempt {
  return { ...attempt, request: { ...attempt.request, ...changed } };
}

function withHeaders(attempt: Attempt, headers: WebhookRequest['headers']): Attempt {
  return withRequest(attempt, { headers });
}

function allOfAnother(attempt: Attempt, options: MutationOptions): Attempt {
  const { headers, body } = donor(options).request;
  return withRequest(attempt, { headers, body });
}

function mutateUrl(attempt: Attempt, { random }: MutationOptions): Attempt {
  const { url } = attempt.request;
  const mark = url.includes('?') ? '&' : '?';
  const urls = [
    () => mutatedText(url, random),
    () =>
      `${url}${mark}${hostileWord(random)}=${encodeURIComponent(hostileWord(random).toWellFormed())}`,
    () => `${url}${mark}${longRun(random, MAX_LINE)}`,
    () => url + hostileText(random, MAX_LINE),
    () => url.split('?', 1)[0] ?? '',
    () => hostileText(random, MAX_LINE),
  ];
  return withRequest(attempt, { url: random.pick(urls)() });
}

function mutateTime(attempt: Attempt, { source, random }: MutationOptions): Attempt {
  const { fromMs, untilMs } = source.span;
  const by = random.pick([1, 1_000, 60_000, 3_600_000, 86_400_000, 31_536_000_000]);
  const times = [
    untilMs + by,
    fromMs - by,
    source.request.receivedAtMs + random.integer(-by, by),
    0,
    LAST_MS,
  ];
  const at = random.pick(
    times.filter((time) => Number.isFinite(time) && time >= 0 && time <= LAST_MS),
  );
  return withRequest(attempt, { receivedAtMs: at });
}

function mutateSecrets(attempt: Attempt, options: MutationOptions): Attempt {
  const { source, random } = options;
  const [secret = ''] = source.secrets;
  const sets: (() => readonly string[])[] = [
    () => [],
    () => [''],
    () => ['', '\0', ' '],
    () => [hostileText(random, 100_000)],
    () => [mutatedText(secret, random)],
    () => [secret.slice(0, secret.length / 2)],
    () => [secret + secret],
    () => donor(options).secrets,
  ];
  return { ...attempt, secrets: random.pick(sets)() };
}
