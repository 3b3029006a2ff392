import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TcpEndpoint } from '#platform/testing/tcp-proxy.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const ENTRIES = {
  product: [join(ROOT, 'cli/main.ts'), 'serve'],
  observed: [join(ROOT, 'tests/faults/observer/serve.ts')],
} as const;
const CLOCK = join(ROOT, 'tests/faults/observer/clock.ts');
const START_TIMEOUT_MS = 60_000;

export interface ProcessOptions {
  /** The command line as it is, or with the observer among its consumers. */
  readonly entry: keyof typeof ENTRIES;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** All that it writes. */
  readonly logFile: string;
  /** Lets `setClock` work. */
  readonly clock?: boolean;
  /** Command that runs it, such as one that enters a namespace. */
  readonly within?: readonly string[];
  readonly onMessage?: (message: object) => void;
}

export interface ServingProcess {
  readonly endpoint: TcpEndpoint;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** SIGTERM. @returns the exit code, null when a signal ended it, and how long it took */
  stop(): Promise<{ readonly exitCode: number | null; readonly elapsedMs: number }>;
  /** Sets its clock so far from the true time; from its next start on it is right again. */
  setClock(offsetMs: number): void;
}

/**
 * Starts `tributary serve` as a process of its own.
 *
 * @returns once it is ready
 * @throws Error with its last lines when it ends before, or is not ready within a minute
 */
export async function startProcess(options: ProcessOptions): Promise<ServingProcess> {
  const { entry, env, cwd, logFile, clock = false, within = [], onMessage } = options;
  const [command = '', ...args] = [
    ...within,
    ...[process.execPath, '--liftoff-only', '--disable-warning=ExperimentalWarning'],
    ...(clock ? ['--import', CLOCK] : []),
    ...ENTRIES[entry],
  ];
  // Nothing of this machine's own settings.
  const ownEnv = { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE };
  const child = spawn(command, args, {
    cwd,
    env: { ...ownEnv, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  if (onMessage) child.on('message', (message) => onMessage(message as object));
  // By the channel the process also notices when this one is gone, and ends. It keeps nobody alive.
  child.channel?.unref();
  const log = createWriteStream(logFile, { flags: 'a' });
  const lastLines: string[] = [];
  const ready = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      log.write(`${line}\n`);
      lastLines.push(line);
      if (lastLines.length > 20) lastLines.shift();
      if (line.includes('"msg":"Ready"')) ready.resolve((JSON.parse(line) as { url: string }).url);
    });
  }
  child.once('close', () => {
    log.end();
    ready.reject(
      new Error(`The process ended; all of it is in ${logFile}:\n${lastLines.join('\n')}`),
    );
  });
  const late = setTimeout(() => {
    child.kill('SIGKILL');
    ready.reject(new Error(`Not ready within ${START_TIMEOUT_MS} ms: see ${logFile}`));
  }, START_TIMEOUT_MS);
  const url = new URL(await ready.promise.finally(() => clearTimeout(late)));
  return {
    endpoint: { host: url.hostname, port: Number(url.port) },
    kill: () => end(child, 'SIGKILL'),
    stop: async () => {
      const startedAtMs = performance.now();
      await end(child, 'SIGTERM');
      return { exitCode: child.exitCode, elapsedMs: performance.now() - startedAtMs };
    },
    setClock: (clockOffsetMs) => {
      child.send({ clockOffsetMs });
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
