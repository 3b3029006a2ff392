import { readConfig } from '#platform/config/config.ts';
import type { AuditReport } from '#services/audit/audit-report.ts';
import { ApiClient } from '../api-client.ts';
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

const EXIT_CODES: Readonly<Record<AuditReport['verdict'], number>> = {
  proved: EXIT.ok,
  missing: EXIT.failed,
  healing: EXIT.notYet,
};

/** `tributary audit`: the proof that nothing is lost, or what is. */
export async function audit(options: AuditOptions): Promise<void> {
  const api = await ApiClient.open(readConfig(process.env));
  const query = new URLSearchParams({
    limit: String(options.limit),
    grace_minutes: String(options.grace),
    ...(options.from !== undefined && { from: options.from }),
    ...(options.to !== undefined && { to: options.to }),
  });
  const report = await api.get<AuditReport>(`/v1/audit?${query}`);
  if (options.json) printJson(report);
  else process.stdout.write(auditText(report));
  process.exitCode = EXIT_CODES[report.verdict];
}
