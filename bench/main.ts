import { benchAccept } from './accept.ts';

const BENCHMARKS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  accept: benchAccept,
};

const [name = '', ...args] = process.argv.slice(2);
const benchmark = BENCHMARKS[name];
if (!benchmark) {
  process.stderr.write(
    `Usage: npm run bench -- ${Object.keys(BENCHMARKS).join('|')} [--seconds 5] [--rounds 3]\n`,
  );
  process.exit(2);
}
await benchmark(args);
