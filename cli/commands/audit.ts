import { readConfig } from '#platform/config/config.ts';
import { openApi, type View } from '../api-client.ts';
import { auditText } from '../audit-text.ts';
import { EXIT } from '../exit.ts';
import { printJson } from '../output.ts';

export interface AuditOptions {
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly grace: number;
  readonly json?: boolean;
}

const EXIT_CODES: Readonly<Record<View<'AuditReport'>['verdict'], number>> = {
  proved: EXIT.ok,
  missing: EXIT.failed,
  healing: EXIT.notYet,
};

/** `tributary audit`: the proof that nothing is lost, or what is. */
export async function audit(options: AuditOptions): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const { from, to, limit, grace } = options;
  const query = { limit, grace_minutes: grace, from, to };
  const report = await api.get('/v1/audit', { params: { query } });
  if (options.json) printJson(report);
  else process.stdout.write(auditText(report));
  process.exitCode = EXIT_CODES[report.verdict];
}
