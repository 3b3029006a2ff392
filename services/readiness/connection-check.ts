import type { ConnectionFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import type { ReadinessCheck } from './readiness.ts';

/** The organisation has a connection of the provider, and it is active. */
export const connectionCheck: ReadinessCheck = {
  name: 'connection',
  async look({ adapter, connections, scope }): Promise<readonly Finding[]> {
    if (connections.length > 0) return connections.map(statusOf);
    const whose = scope.orgId === null ? 'The platform level' : `Organisation ${scope.orgId}`;
    return [
      {
        check: 'connection',
        connectionId: null,
        state: 'gap',
        evidence: `${whose} of ${scope.tenantId} has no connection of ${adapter.title}.`,
        next: `Add one: npx tributary connections add ${adapter.provider}`,
      },
    ];
  },
};

function statusOf(connection: ConnectionFacts): Finding {
  const { id, name, status, statusDetail, statusSince, disconnectedAt } = connection;
  const finding = { check: 'connection', connectionId: id };
  if (status === 'active') {
    return { ...finding, state: 'ok', evidence: `"${name}" is active since ${statusSince}.` };
  }
  return {
    ...finding,
    state: 'gap',
    evidence: `"${name}" is ${status} since ${statusSince}: ${statusDetail ?? 'no reason was noted.'}`,
    next: disconnectedAt
      ? 'Reconnect it.'
      : status === 'error'
        ? 'Do what the reason says; authenticating it again makes it active.'
        : `Enable it: npx tributary connections enable ${id}`,
  };
}

/** Whose rows the events will be: an organisation's own, or shared by all of the tenant. */
export const scopeCheck: ReadinessCheck = {
  name: 'org_scope',
  async look({ connections, scope }): Promise<readonly Finding[]> {
    return connections.map(({ id, orgId, tenantId }): Finding => {
      const finding = { check: 'org_scope', connectionId: id };
      if (orgId === scope.orgId) {
        const whose = orgId === null ? 'all its organisations' : `its organisation ${orgId} alone`;
        return { ...finding, state: 'ok', evidence: `Events are of ${tenantId}, for ${whose}.` };
      }
      return {
        ...finding,
        state: 'warning',
        evidence: `It is shared: events are for all organisations of ${tenantId}, not for ${scope.orgId} alone.`,
        next: 'Add a connection of the organisation itself if others must not see its events.',
      };
    });
  },
};
