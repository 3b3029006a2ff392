// `npm test`: lint, types and tests. Arguments go to Vitest: `npm test -- schemas`.
// Ends with one line: N passed, N failed.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const bin = (name: string) => join(import.meta.dirname, '..', 'node_modules', '.bin', name);

async function run(label: string, command: string, args: readonly string[]): Promise<boolean> {
  const startedAt = performance.now();
  process.stdout.write(`\n== ${label}\n`);
  const code = await new Promise((resolve) => {
    spawn(command, args, { stdio: 'inherit', cwd: join(import.meta.dirname, '..') }).on(
      'close',
      resolve,
    );
  });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  process.stdout.write(`== ${label}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`);
  return code === 0;
}

const reportDir = mkdtempSync(join(tmpdir(), 'tributary-test-'));
const report = join(reportDir, 'report.json');
const steps = [
  await run('lint', bin('biome'), ['check', '--error-on-warnings', '.']),
  await run('types', bin('tsc'), []),
  await run('tests', process.execPath, [
    bin('vitest'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ]),
];

const { passed, failed } = counts();
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** Lint and types count as one test each. A run that died before its report is a failure. */
function counts(): { passed: number; failed: number } {
  const stepsFailed = steps.filter((step) => !step).length;
  try {
    const tests = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
    };
    const gates = steps.slice(0, 2);
    const failed = gates.filter((step) => !step).length + tests.numFailedTests;
    return {
      passed: gates.filter((step) => step).length + tests.numPassedTests,
      // A file that does not load, or an error outside any test, fails Vitest with no failed test.
      failed: failed === 0 && stepsFailed > 0 ? stepsFailed : failed,
    };
  } catch {
    return { passed: 0, failed: Math.max(1, stepsFailed) };
  } finally {
    rmSync(reportDir, { recursive: true, force: true });
  }
}
