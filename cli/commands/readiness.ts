import { readConfig } from '#platform/config/config.ts';
import type { Answer } from '../../client/tributary-client.ts';
import { openApi } from '../api-client.ts';
import { CommandFailed } from '../exit.ts';
import { printable, printJson } from '../output.ts';

type Readiness = Answer<'/v1/readiness/{provider}', 'get'>;

export interface ReadinessOptions {
  readonly path: 'webhook' | 'poll';
  readonly connection?: string;
  readonly tenant?: string;
  readonly org?: string;
  readonly json?: boolean;
}

const DECISIONS: Readonly<Record<Readiness['decision'], string>> = {
  ready: 'READY',
  ready_with_warnings: 'READY, with warnings',
  not_ready: 'NOT READY',
};

const SIGNS: Readonly<Record<Readiness['findings'][number]['state'], string>> = {
  ok: 'ok',
  warning: 'warning',
  gap: 'GAP',
  unknown: 'UNKNOWN',
  not_applicable: '-',
};

/**
 * `tributary readiness <provider>`: the decision, and each precondition with its evidence. Fails when it is
 * not ready.
 */
export async function readiness(provider: string, options: ReadinessOptions): Promise<void> {
  const { path, connection: connection_id, tenant: tenantId, org: orgId } = options;
  const api = await openApi(readConfig(process.env), { tenantId, orgId });
  const params = { path: { provider }, query: { path, connection_id } };
  const answer = await api.get('/v1/readiness/{provider}', { params });
  if (options.json) printJson(answer);
  else process.stdout.write(readinessText(answer));
  if (answer.decision === 'not_ready') {
    throw new CommandFailed(`${provider} is not ready: ${answer.gaps.length} gaps.`);
  }
}

/** The answer for people: a line for each precondition, with what to do below it. */
export function readinessText(answer: Readiness): string {
  const whose = `${answer.tenant_id}, ${answer.org_id ?? 'shared by all organisations'}`;
  const lines = answer.findings.map(({ check, connection_id, state, evidence, next }) => {
    const about = connection_id === null ? '' : ` [${connection_id}]`;
    const line = `${SIGNS[state].padEnd(8)} ${check.padEnd(15)} ${printable(evidence)}${about}`;
    return next === null ? line : `${line}\n${' '.repeat(25)}${printable(next)}`;
  });
  const head = `${DECISIONS[answer.decision]}  ${answer.provider} by ${answer.path}, for ${whose}`;
  return `${[head, '', ...lines].join('\n')}\n`;
}
