// The product as its users start it on a laptop: one process, its files in a folder of its own.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTcpProxy } from '#platform/testing/tcp-proxy.ts';
import { outboxIds } from '../../../cli/demo/acknowledged-events.ts';
import { createTributaryClient, type TributaryClient } from '../../../client/tributary-client.ts';
import {
  countDeliveries,
  installObserver,
  type Observed,
  readEffects,
} from '../observer/observer.ts';
import { runCommand } from './command.ts';
import { readOutbox, withDatabase } from './embedded-stores.ts';
import { Fleet } from './fleet.ts';
import type { InstallationOptions } from './gcp.ts';
import { API_TOKEN, type Installation, missing } from './installation.ts';
import { startProcess } from './process.ts';
import { openSmallDisk, type SmallDisk } from './small-disk.ts';

export interface EmbeddedOptions extends InstallationOptions {
  /** Size of a disk of its own; absent, the data lies on that of the machine. */
  readonly diskMib?: number;
}

/** How long hints of effects may stay away before the database is asked. */
const HINTS_MS = 5_000;

export async function installEmbedded(options: EmbeddedOptions): Promise<Installation> {
  const { logDir, clock, diskMib } = options;
  const stack = new AsyncDisposableStack();
  try {
    const dir = await mkdtemp(join(tmpdir(), 'tributary-faults-'));
    stack.defer(() => rm(dir, { recursive: true, force: true }));
    const disk: SmallDisk | undefined =
      diskMib === undefined
        ? undefined
        : stack.adopt(await openSmallDisk(dir, diskMib), (one) => one.close());
    /** The folder as this process sees it. */
    const seen = disk?.path ?? dir;
    await withDatabase(seen, async (database) => {
      await database.migrate();
      await installObserver(database);
    });
    const front = stack.adopt(await startTcpProxy({ host: '127.0.0.1', port: 1 }), (one) =>
      one.close(),
    );
    const origin = `http://${front.endpoint.host}:${front.endpoint.port}`;
    const env = {
      TRIBUTARY_PORT: '0',
      TRIBUTARY_PUBLIC_URL: origin,
      TRIBUTARY_API_TOKEN: API_TOKEN,
      TRIBUTARY_DATA_DIR: join(dir, 'data'),
      TRIBUTARY_KEY_DIR: join(dir, 'keys'),
      TRIBUTARY_RATE_LIMIT_PER_SECOND: '1000000',
      TRIBUTARY_API_RATE_LIMIT_PER_SECOND: '1000000',
    };
    const hints = new Set<string>();
    let hintedAtMs = performance.now();
    let started = 0;
    const fleet = new Fleet({
      fronts: new Map([['all', front]]),
      overlapping: new Set(),
      launch: () => {
        started += 1;
        return startProcess({
          entry: 'observed',
          env,
          cwd: logDir,
          logFile: join(logDir, `all-${started}.log`),
          ...(clock && { clock }),
          ...(disk && { within: disk.within }),
          onMessage: (message) => {
            hints.add((message as Observed).observed);
            hintedAtMs = performance.now();
          },
        });
      },
    });
    stack.defer(() => fleet.killAll());
    await fleet.startAll();
    const effectsNow = () => withDatabase(seen, readEffects);
    const resources = stack.move();
    return {
      webhookOrigin: origin,
      apiOrigin: origin,
      fleet,
      dependencies: new Map(),
      ...(disk && { disk }),
      // Its scheduler is in the process, and no task is needed to heal.
      runTasks: async () => undefined,
      // Commands find the server by the note in its folder, as they see it.
      command: (...args) =>
        runCommand(args, { ...env, TRIBUTARY_DATA_DIR: join(seen, 'data') }, logDir),
      async lag(events) {
        if (missing(events, hints) > 0 && performance.now() - hintedAtMs > HINTS_MS) {
          // A hint goes missing with the process that gave it: the database knows.
          await fleet.stop('all');
          for (const { eventId } of await effectsNow()) hints.add(eventId);
          await fleet.start('all');
          hintedAtMs = performance.now();
        }
        const consumed = missing(events, hints);
        const outbox = consumed > 0 ? undefined : missing(events, await outboxIds(apiOf(origin)));
        return { consumed, published: 0, outbox };
      },
      async collect() {
        await fleet.stop('all');
        // DuckDB looks for the path that leads into the namespace in its own.
        const copy = join(dir, 'copy');
        if (disk) await cp(join(seen, 'data'), join(copy, 'data'), { recursive: true });
        const left = disk ? copy : dir;
        const [effects, deliveries] = await withDatabase(left, async (database) => [
          await readEffects(database),
          await countDeliveries(database),
        ]);
        return { outbox: await readOutbox(left), published: undefined, effects, deliveries };
      },
      close: () => resources.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function apiOf(url: string): TributaryClient {
  const patient = (request: Request) => fetch(request, { signal: AbortSignal.timeout(30_000) });
  return createTributaryClient({ url, token: API_TOKEN, fetch: patient });
}
