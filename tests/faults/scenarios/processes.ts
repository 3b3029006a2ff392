import type { Scenario } from './scenario.ts';
import {
  fillDisk,
  kill,
  killAtRandom,
  makeRoom,
  pass,
  republish,
  rollOver,
  send,
  setClock,
  start,
  whileSending,
} from './steps.ts';

/** Processes end, by force or in order; machines run out of room and time. */
export const PROCESS_SCENARIOS: readonly Scenario[] = [
  {
    name: 'embedded-kill',
    platform: 'embedded',
    about: 'the one process is killed at random moments',
    during: [whileSending(0.7, 30, killAtRandom(8, 'all'))],
  },
  {
    name: 'embedded-restart',
    platform: 'embedded',
    about: 'the one process is stopped by SIGTERM and started again, under load',
    during: [
      whileSending(0.7, 20, ...Array.from({ length: 4 }, () => [pass(2), rollOver('all')]).flat()),
    ],
  },
  {
    name: 'embedded-disk-full',
    platform: 'embedded',
    about: 'the disk is full for a while, and the process is killed once there is room',
    diskMib: 256,
    during: [
      send(0.2, 5),
      fillDisk(),
      whileSending(0.2, 10, pass(10)),
      makeRoom(),
      send(0.1, 5),
      kill('all'),
      start('all'),
      send(0.2, 5),
    ],
  },
  {
    name: 'embedded-clock-jumps',
    platform: 'embedded',
    about: 'the clock jumps ahead by an hour, back by two, and is right again',
    clock: true,
    during: [
      setClock('all', 200),
      send(0.2, 5),
      setClock('all', 3_600),
      whileSending(0.05, 5, pass(5)),
      setClock('all', -3_600),
      whileSending(0.05, 5, pass(5)),
      setClock('all', -200),
      send(0.2, 5),
      kill('all'),
      start('all'),
      send(0.2, 5),
    ],
  },
  {
    name: 'embedded-repeats',
    platform: 'embedded',
    about:
      'the provider repeats a third of its requests and shuffles their changes; the process is killed',
    provider: { repeatShare: 0.33, shuffles: true },
    during: [whileSending(0.7, 15, killAtRandom(2, 'all'))],
  },
  {
    name: 'kill-roles',
    platform: 'gcp',
    about: 'each role is killed at random moments',
    during: [whileSending(0.7, 60, killAtRandom(8, 'intake', 'worker', 'control'))],
  },
  {
    name: 'kill-intake',
    platform: 'gcp',
    about: 'intake is killed at random moments',
    during: [whileSending(0.7, 40, killAtRandom(6, 'intake'))],
  },
  {
    name: 'restart-storm',
    platform: 'gcp',
    about: 'intake is started and killed in a loop, before it is warm',
    during: [
      whileSending(
        0.5,
        40,
        ...Array.from({ length: 12 }, () => [kill('intake'), start('intake')]).flat(),
      ),
    ],
  },
  {
    name: 'rollover',
    platform: 'gcp',
    about:
      'a deployment under load: of each role a new process takes over from the old one, which drains',
    during: [
      // Slow enough for two cores: while processes start, no more may wait than a reader holds. The
      // emulator gives what is beyond that to a reader that ends its pull out of order.
      whileSending(
        0.7,
        100,
        ...[1, 2].flatMap(() => [rollOver('control'), rollOver('worker'), rollOver('intake')]),
      ),
    ],
  },
  {
    name: 'clock-jumps',
    platform: 'gcp',
    about: 'the clock of intake is minutes, then an hour wrong, in both directions',
    clock: true,
    during: [
      setClock('intake', 200),
      send(0.2, 8),
      setClock('intake', 3_600),
      whileSending(0.05, 5, pass(5)),
      setClock('intake', -3_600),
      whileSending(0.05, 5, pass(5)),
      setClock('intake', -200),
      send(0.2, 8),
      setClock('intake', 0),
    ],
  },
  {
    name: 'repeats',
    platform: 'gcp',
    about: 'the provider repeats and shuffles; the bus carries its messages again',
    provider: { repeatShare: 0.33, shuffles: true },
    during: [
      whileSending(0.7, 30, ...Array.from({ length: 4 }, () => [pass(4), republish(0.3)]).flat()),
    ],
  },
];
