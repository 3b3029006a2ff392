import { benchAccept } from './accept.ts';
import { benchConnections } from './connections.ts';
import { benchReconcile } from './reconcile.ts';
import { benchReplay } from './replay.ts';
import { benchSoak } from './soak.ts';
import { benchStart } from './start.ts';

const BENCHMARKS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  accept: benchAccept,
  connections: benchConnections,
  replay: benchReplay,
  reconcile: benchReconcile,
  soak: benchSoak,
  start: benchStart,
};

const [name = '', ...args] = process.argv.slice(2);
const benchmark = BENCHMARKS[name];
if (!benchmark) {
  process.stderr.write(
    'Usage: npm run bench -- accept [--platform embedded|gcp] [--seconds 5] [--rounds 3]\n' +
      '       npm run bench -- connections [--rows 10000] [--requests 2000] [--clients 4]\n' +
      '       npm run bench -- reconcile [--events 10000000] [--gaps 1000]\n' +
      '       npm run bench -- soak [--platform embedded|gcp] [--events 1000000]\n' +
      '       npm run bench -- replay [--events 1000000]\n' +
      '       npm run bench -- start [--rounds 7]\n',
  );
  process.exit(2);
}
await benchmark(args);
