import type { Adapter } from '#adapters/kit/adapter.ts';

export interface ListedAdapter {
  readonly provider: string;
  readonly title: string;
  readonly methods: readonly string[];
  /** How many types of events there are; null where a definition names them. */
  readonly event_types: number | null;
  /** Those that only polling makes. */
  readonly polled_event_types: readonly string[];
  readonly sandbox: boolean;
}

/** What there is to know of each adapter before one is chosen. */
export function listAdapters(adapters: Iterable<Adapter>): ListedAdapter[] {
  return [...adapters].map((adapter) => ({
    provider: adapter.provider,
    title: adapter.title,
    methods: adapter.methods ?? ['POST'],
    event_types: adapter.eventTypes.includes('*') ? null : adapter.eventTypes.length,
    polled_event_types: adapter.polledEventTypes ?? [],
    sandbox: adapter.sandbox !== undefined,
  }));
}

export const LIST_HEADER = ['PROVIDER', 'TITLE', 'METHODS', 'EVENT TYPES', 'POLLED', 'SANDBOX'];

export function listRow(adapter: ListedAdapter): string[] {
  const { provider, title, methods, event_types, polled_event_types, sandbox } = adapter;
  return [
    provider,
    title,
    methods.join(' '),
    event_types === null ? 'any' : String(event_types),
    polled_event_types.length === 0 ? 'none' : polled_event_types.join(' '),
    sandbox ? 'yes' : 'no',
  ];
}
