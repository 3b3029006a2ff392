// The product as its users run it: processes of its command line, on a folder of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { temporaryFolder } from '../support/embedded-drivers.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

export interface Serving {
  readonly url: string;
  readonly pid: number;
  /** The API token it showed; empty when it was made earlier. */
  readonly token: string;
  readonly output: readonly string[];
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<{ readonly exitCode: number | null; readonly elapsedMs: number }>;
}

/** A folder with its own configuration, in which commands run. */
export class Product {
  readonly dir: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(dir: string, stack: AsyncDisposableStack) {
    this.dir = dir;
    this.#stack = stack;
  }

  /** @param stack ends what is left of the processes and removes the folder */
  static async inNewFolder(stack: AsyncDisposableStack): Promise<Product> {
    return new Product(await temporaryFolder(stack), stack);
  }

  /** Starts a command. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn(process.execPath, ['--liftoff-only', MAIN, ...args], {
      cwd: this.dir,
      // Nothing of this machine's own settings.
      env: {
        PATH: process.env.PATH,
        TRIBUTARY_PORT: '0',
        TRIBUTARY_DATA_DIR: join(this.dir, 'data'),
        TRIBUTARY_KEY_DIR: join(this.dir, 'keys'),
        ...env,
      },
      stdio: 'pipe',
    });
    this.#stack.defer(() => endOf(child, 'SIGKILL'));
    return child;
  }

  /** Runs a command to its end. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const child = this.start(args, options.env);
    child.stdin?.end(options.stdin ?? '');
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return { exitCode: child.exitCode, stdout, stderr };
  }

  /** Starts the server; returns once it is ready. */
  async serve(env: Readonly<Record<string, string>> = {}): Promise<Serving> {
    const child = this.start(['serve'], env);
    const output: string[] = [];
    const ready = Promise.withResolvers<{ url: string; pid: number }>();
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        output.push(line);
        if (line.includes('"msg":"Ready"')) ready.resolve(JSON.parse(line));
      });
    }
    child.once('exit', () => ready.reject(new Error(`serve ended: ${output.join('\n')}`)));
    const { url, pid } = await ready.promise;
    const shown = output.find((line) => line.startsWith('API token'));
    return {
      url,
      pid,
      output,
      token: shown?.split(': ').at(-1) ?? '',
      kill: () => endOf(child, 'SIGKILL'),
      stop: async () => {
        const startedAt = performance.now();
        await endOf(child, 'SIGTERM');
        return { exitCode: child.exitCode, elapsedMs: performance.now() - startedAt };
      },
    };
  }
}

async function endOf(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}
