import type { Dependency } from '../installation/installation.ts';
import type { Scenario } from './scenario.ts';
import {
  CUT,
  fault,
  giveBack,
  HALF_CLOSED,
  heal,
  kill,
  type Misbehaviour,
  pass,
  STALL,
  send,
  slowBySeconds,
  spoiledEvery,
  start,
  whileSending,
} from './steps.ts';

const STORES: readonly Dependency[] = ['pubsub', 'bigquery', 'postgres'];
const DEPENDENCIES: readonly Dependency[] = [...STORES, 'secrets'];
const PAIRS = STORES.flatMap((one, index) => STORES.slice(index + 1).map((other) => [one, other]));
const WAYS: readonly (readonly [string, Misbehaviour])[] = [
  ['cut', CUT],
  ['stall', STALL],
];
/** Senders wait no longer than this while one store, or two of the three, is away. */
const expects = { ackP99Ms: 1_000 };

const away = (how: Misbehaviour, ...which: Dependency[]) => [
  fault(how, ...which),
  send(0.7, 30),
  // Whatever else happens to connections breaks them sooner or later.
  ...(which.includes('pubsub') && how !== STALL ? [giveBack()] : []),
  heal(...which),
];

/** One of the stores, or two at once, are away or misbehave. */
export const DEPENDENCY_SCENARIOS: readonly Scenario[] = [
  ...DEPENDENCIES.flatMap((which) =>
    WAYS.map(
      ([way, how]): Scenario => ({
        name: `${which}-${way}`,
        platform: 'gcp',
        about: `${which} ${how.label} for the whole of a burst`,
        expects,
        during: away(how, which),
      }),
    ),
  ),
  ...PAIRS.flatMap((pair) =>
    WAYS.map(
      ([way, how]): Scenario => ({
        name: `${pair.join('-')}-${way}`,
        platform: 'gcp',
        about: `${pair.join(' and ')}: each ${how.label} for the whole of a burst`,
        expects,
        during: away(how, ...pair),
      }),
    ),
  ),
  {
    name: 'all-away',
    platform: 'gcp',
    about: 'Pub/Sub, BigQuery and Postgres are cut off at once: nothing may be acknowledged',
    during: [
      fault(CUT, ...STORES),
      whileSending(0.1, 10, pass(10)),
      giveBack(),
      heal(...STORES),
      send(0.4, 10),
    ],
  },
  ...STORES.map(
    (which): Scenario => ({
      name: `${which}-slow`,
      platform: 'gcp',
      about: `${which} answers 30 s late`,
      expects,
      during: away(slowBySeconds(30), which),
    }),
  ),
  ...STORES.map(
    (which): Scenario => ({
      name: `${which}-corrupt`,
      platform: 'gcp',
      about: `bytes from and to ${which} are spoiled, and connections break in mid-message`,
      during: away(spoiledEvery(10_000), which),
    }),
  ),
  ...STORES.map(
    (which): Scenario => ({
      name: `${which}-half-closed`,
      platform: 'gcp',
      about: `${which} closes its half of every connection`,
      expects,
      during: away(HALF_CLOSED, which),
    }),
  ),
  {
    name: 'bigquery-stall-kill-intake',
    platform: 'gcp',
    about: 'BigQuery stalls, and intake is killed meanwhile',
    during: [
      fault(STALL, 'bigquery'),
      whileSending(0.7, 10, pass(4), kill('intake'), start('intake')),
      heal('bigquery'),
    ],
  },
  {
    name: 'stores-stall-kill-intake',
    platform: 'gcp',
    about: 'Pub/Sub and BigQuery stall together, and intake is killed meanwhile',
    during: [
      fault(STALL, 'pubsub', 'bigquery'),
      whileSending(0.7, 10, pass(4), kill('intake'), start('intake')),
      heal('pubsub', 'bigquery'),
    ],
  },
];
