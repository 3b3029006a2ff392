import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '#adapters/kit/sandbox/random.ts';
import type { TcpProxy } from '#platform/testing/tcp-proxy.ts';
import type { Role } from '../installation/fleet.ts';
import type { Dependency, Installation } from '../installation/installation.ts';
import type { Provider } from '../load/provider.ts';

/** What the steps of a scenario act on. */
export interface World {
  readonly installation: Installation;
  readonly provider: Provider;
  /** How many events the scenario sends in all. */
  readonly events: number;
  /** How long a second of the scenario takes, in ms: the short form hurries. */
  readonly secondMs: number;
  readonly random: Random;
}

export interface Step {
  readonly label: string;
  run(world: World): Promise<unknown>;
}

/** How a dependency misbehaves. */
export interface Misbehaviour {
  readonly label: string;
  act(proxy: TcpProxy, random: Random): void;
}

export const CUT: Misbehaviour = { label: 'is cut off', act: (proxy) => proxy.refuse() };
export const STALL: Misbehaviour = { label: 'stalls', act: (proxy) => proxy.stall() };
export const HALF_CLOSED: Misbehaviour = {
  label: 'closes its half of every connection',
  act: (proxy) => proxy.halfClose(['toClient']),
};
export const slowBySeconds = (seconds: number): Misbehaviour => ({
  label: `answers ${seconds} s late`,
  // In true time: what is compared with is the product's own patience.
  act: (proxy) => proxy.delay(seconds * 1_000, ['toClient']),
});
/** @param everyBytes how far one spoiled byte is from the next, on average */
export const spoiledEvery = (everyBytes: number): Misbehaviour => ({
  label: `has a spoiled byte in ${everyBytes}`,
  // Google's services are spoken to by TLS, which ends the connection there. In plain text, as here,
  // nobody could tell a spoiled event from another one.
  act: (proxy, random) => proxy.sever(everyBytes, () => random.next()),
});

/** What product, emulators and provider get through on two cores with room to spare. */
const MAX_EVENTS_PER_SECOND = 200;

/** How long it takes at least to send so many events. */
export function leastMs(events: number): number {
  return (events * 1_000) / MAX_EVENTS_PER_SECOND;
}

/** Sends a share of the scenario's events, as many as are acknowledged in time. */
export function send(share: number, overSeconds: number): Step {
  return {
    label: `send ${Math.round(share * 100)} %`,
    run: ({ provider, events, secondMs }) => {
      const count = Math.round(events * share);
      const overMs = Math.max(overSeconds * secondMs, leastMs(count));
      // Slow is not stuck, and what is not sent now is sent later.
      const atMostMs = overMs * 2 + 10_000;
      return provider.send(count, { overMs, atMostMs });
    },
  };
}

/** Sends while the steps are taken, one after the other. */
export function whileSending(share: number, overSeconds: number, ...steps: readonly Step[]): Step {
  const sending = send(share, overSeconds);
  return {
    label: `${sending.label} while: ${steps.map(({ label }) => label).join(', ')}`,
    run: async (world) => {
      const takeAll = async () => {
        for (const step of steps) await step.run(world);
      };
      await Promise.all([sending.run(world), takeAll()]);
    },
  };
}

export function pass(seconds: number): Step {
  return {
    label: `${seconds} s pass`,
    run: ({ secondMs }) => delay(seconds * secondMs),
  };
}

export function fault(how: Misbehaviour, ...which: readonly Dependency[]): Step {
  return {
    label: `${which.join(' and ')} ${how.label}`,
    run: async ({ installation, random }) => {
      for (const name of which) {
        for (const proxy of proxiesOf(installation, name)) how.act(proxy, random);
      }
    },
  };
}

export function heal(...which: readonly Dependency[]): Step {
  return {
    label: `${which.join(' and ')} heal`,
    run: async ({ installation }) => {
      for (const name of which) for (const proxy of proxiesOf(installation, name)) proxy.heal();
    },
  };
}

/**
 * Where connections to the bus broke: what they held goes to others. Pub/Sub does so by itself when
 * ack deadlines are over; its emulator does not.
 */
export function giveBack(): Step {
  return {
    label: 'what broken connections hold is given back',
    run: async ({ installation }) => installation.giveBack?.(),
  };
}

export function kill(role: Role): Step {
  return { label: `kill -9 ${role}`, run: ({ installation }) => installation.fleet.kill(role) };
}

export function start(role: Role): Step {
  return { label: `start ${role}`, run: ({ installation }) => installation.fleet.start(role) };
}

export function rollOver(role: Role): Step {
  return {
    label: `a new ${role} takes over from the old one, which drains`,
    run: ({ installation }) => installation.fleet.rollOver(role),
  };
}

/** Kills one of the roles at a random moment and starts it again, so many times. */
export function killAtRandom(times: number, ...roles: readonly Role[]): Step {
  return {
    label: `${times} times: kill -9 ${roles.join(' or ')}`,
    run: async ({ installation, random, secondMs }) => {
      for (let time = 0; time < times; time += 1) {
        // Each of them at least once.
        const role = roles[time] ?? random.pick(roles);
        await delay(random.integer(200, 3_000) * (secondMs / 1_000));
        await installation.fleet.kill(role);
        await installation.fleet.start(role);
      }
    },
  };
}

export function setClock(role: Role, offsetSeconds: number): Step {
  return {
    label: `the clock of ${role} is ${offsetSeconds} s wrong`,
    run: async ({ installation }) => installation.fleet.setClock(role, offsetSeconds * 1_000),
  };
}

export function fillDisk(): Step {
  return { label: 'the disk is full', run: ({ installation }) => diskOf(installation).fill() };
}

export function makeRoom(): Step {
  return {
    label: 'there is room again',
    run: ({ installation }) => diskOf(installation).makeRoom(),
  };
}

/** The bus carries copies of what it carried lately, in any order of keys. */
export function republish(share: number): Step {
  return {
    label: `the bus carries ${Math.round(share * 100)} % of its latest messages again`,
    run: async ({ installation, random }) => {
      if (!installation.republish) throw new Error('This installation has no way into its bus.');
      await installation.republish(share, () => random.next());
    },
  };
}

function proxiesOf({ dependencies }: Installation, name: Dependency): readonly TcpProxy[] {
  const proxies = dependencies.get(name);
  if (!proxies) throw new Error(`This installation has no ${name} of its own.`);
  return proxies;
}

function diskOf({ disk }: Installation): NonNullable<Installation['disk']> {
  if (!disk) throw new Error('This installation has no disk of its own.');
  return disk;
}
