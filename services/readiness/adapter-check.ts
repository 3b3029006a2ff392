import type { Finding } from './finding.ts';
import type { ReadinessCheck } from './readiness.ts';

/** There is an adapter, and it makes events by the way that is asked for. */
export const adapterCheck: ReadinessCheck = {
  name: 'adapter',
  async look({ adapter, path }): Promise<readonly Finding[]> {
    const { title, eventTypes, polledEventTypes = [] } = adapter;
    const finding = { check: 'adapter', connectionId: null };
    if (path === 'poll') {
      return [
        {
          ...finding,
          state: 'gap',
          evidence: `${title} is not polled by this version${polledEventTypes.length > 0 ? `, and ${polledEventTypes.join(', ')} come by polling only` : ''}.`,
          next: 'Use the webhook path.',
        },
        {
          ...finding,
          check: 'poll_cursor',
          state: 'gap',
          evidence: 'There is no poll, so there is no cursor and no cadence.',
          next: 'Use the webhook path.',
        },
      ];
    }
    const byWebhook = eventTypes.filter((type) => !polledEventTypes.includes(type));
    const found: Finding[] = [
      { ...finding, state: 'ok', evidence: `${title} makes ${byWebhook.join(', ')} of webhooks.` },
      {
        ...finding,
        check: 'poll_cursor',
        state: 'not_applicable',
        evidence: 'The webhook path has no cursor and no cadence.',
      },
    ];
    if (polledEventTypes.length > 0) {
      found.push({
        ...finding,
        state: 'warning',
        evidence: `No webhook tells of ${polledEventTypes.join(', ')}.`,
        next: 'Do without these until the provider is polled.',
      });
    }
    return found;
  },
};
