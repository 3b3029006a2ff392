import { readConfig } from '#platform/config/config.ts';
import { openApi, type View } from '../api-client.ts';
import { CommandFailed } from '../exit.ts';
import { printJson, printTable } from '../output.ts';

export interface ReconcileCommandOptions {
  readonly dryRun?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
  readonly resume?: boolean;
  readonly status?: boolean;
}

/**
 * `tributary reconcile`: compares outbox and proofs of passage through the running server and heals what
 * one side lacks, or shows how that stands.
 *
 * @throws CommandFailed when it is suspended, or something could not be healed
 */
export async function reconcile(options: ReconcileCommandOptions): Promise<void> {
  const api = await openApi(readConfig(process.env));
  if (options.status || options.resume) {
    const status = options.resume
      ? await api.post('/v1/reconcile/resume')
      : await api.get('/v1/reconcile');
    if (options.json) printJson(status);
    else printStatus(status);
    failWhere(status);
    return;
  }
  const body = { dry_run: options.dryRun ?? false, from: options.from, to: options.to };
  const outcome = await api.post('/v1/reconcile', { body });
  if (options.json) printJson(outcome);
  else printReport(outcome.report);
  const { publish, append, failures, state, reason } = outcome.report;
  const unusable = (publish.unusable ?? 0) + (append.unusable ?? 0);
  failWhere({ state, reason, unproven: publish.unproven ?? 0, unusable });
  const [failure] = failures;
  if (failure) {
    throw new CommandFailed(
      `Reconciliation could not ${failure.direction} what is missing now [${failure.code}]. The next run tries again.`,
    );
  }
}

function printReport(report: View<'ReconcileReport'>): void {
  const { publish, append } = report;
  const done = report.dry_run ? 'would be' : 'now';
  printTable(
    ['DIRECTION', 'MISSING', done === 'now' ? 'HEALED' : 'WOULD BE HEALED', 'AWAITING', 'FAILED'],
    [
      [
        'outbox to bus',
        text(publish.found),
        text(report.dry_run ? publish.found : publish.republished),
        text(publish.awaiting),
        text((publish.unproven ?? 0) + (publish.unusable ?? 0)),
      ],
      [
        'bus to outbox',
        text(append.found),
        text(report.dry_run ? append.found : append.appended),
        '0',
        text(append.unusable),
      ],
    ],
  );
  const from = report.compared_from ?? 'nothing';
  process.stdout.write(`Compared: ${from} to ${report.compared_to ?? 'nothing'}. `);
  process.stdout.write(`State: ${report.state}${because(report.reason)}.\n`);
  if (!report.complete) process.stdout.write('A bound was reached: run it again for the rest.\n');
  if (report.skipped_before !== null)
    process.stdout.write(`Not compared: what was received before ${report.skipped_before}.\n`);
}

function printStatus(status: View<'ReconcileStatus'>): void {
  printTable(
    ['DIRECTION', 'COMPARED THROUGH', 'BEHIND'],
    [
      ['outbox to bus', status.publish.compared_through, `${status.publish.behind_seconds} s`],
      ['bus to outbox', status.append.compared_through, `${status.append.behind_seconds} s`],
    ],
  );
  process.stdout.write(
    `State: ${status.state}${because(status.reason)} since ${status.state_since}. ` +
      `Awaiting proof: ${status.awaiting}, unproven: ${status.unproven}, unusable: ${status.unusable}.\n`,
  );
  printTable(
    ['STARTED', 'KIND', 'REPUBLISHED', 'APPENDED', 'STATE'],
    status.runs.map(({ kind, started_at, finished_at, report }) => [
      started_at,
      kind,
      text(report?.publish.republished),
      text(report?.append.appended),
      report?.state ?? (finished_at === null ? 'under way or killed' : ''),
    ]),
  );
}

function failWhere(state: {
  readonly state: string;
  readonly reason: string | null;
  readonly unproven: number;
  readonly unusable: number;
}): void {
  if (state.state === 'suspended') {
    throw new CommandFailed(
      `Reconciliation is suspended${because(state.reason)}: proof of passage does not come back. See docs/operations.md; npx tributary reconcile --resume tries once more.`,
    );
  }
  const stuck = state.unproven + state.unusable;
  if (stuck > 0)
    throw new CommandFailed(
      `${stuck} events could not be healed. GET /v1/reconcile lists yours under "stuck".`,
    );
}

function because(reason: string | null): string {
  return reason === null ? '' : ` (${reason})`;
}

function text(count: number | undefined): string {
  return String(count ?? 0);
}
