// Real: the server as a process, its drivers and files, kill -9. Doubled: the provider, which signs
// as HubSpot does. Asserted: nothing acknowledged is lost, and nothing takes effect twice.
// The long form: npm run test:crash -- --kills 50
import { expect, it } from 'vitest';
import { crashRun } from './crash-run.ts';

it('keeps every acknowledged event, with one effect, through kill -9', async () => {
  const report = await crashRun(4);
  expect(report).toMatchObject({ missingInOutbox: 0, missingEffects: 0, repeatedEffects: 0 });
  expect(report.acknowledgedEvents).toBeGreaterThan(50);
}, 120_000);
