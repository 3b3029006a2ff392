// Runs a TypeScript entry point with the pinned Node: `node scripts/run.mjs <file> [arguments]`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pinnedNode, setUp } from './setup.mjs';

const NODE_FLAGS = [
  // PGlite is 10 MB of WebAssembly: V8's optimising compiler would take 600 MB of memory for it.
  '--liftoff-only',
  // Room for the young, fixed: by itself it grows with the load and takes 100 MB more.
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
  '--disable-warning=ExperimentalWarning',
];

await setUp();
const [file, ...args] = process.argv.slice(2);
const entry = join(import.meta.dirname, '..', file);
const child = spawn(pinnedNode, [...NODE_FLAGS, entry, ...args], {
  // The channel tells the child when this process is gone, also by kill -9.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: {
    // glibc keeps an arena for each thread of the pool; one is enough, and keeps 50 MB less.
    MALLOC_ARENA_MAX: '1',
    // Compiled once, read at the next start: a third of the time until it is ready.
    NODE_COMPILE_CACHE: join(import.meta.dirname, '..', 'node_modules', '.cache', 'node'),
    ...process.env,
  },
});

// A terminal sends Ctrl-C to both processes; the child decides what it means.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(
    `${pinnedNode} could not be started: ${error.message}. Remove node_modules and try again.`,
  );
  process.exit(1);
});
child.on('exit', (code, signal) => {
  if (signal) {
    // End the way the child did, so that the caller sees the same.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    return;
  }
  process.exit(code ?? 1);
});
