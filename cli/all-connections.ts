import { allOf } from './all-pages.ts';
import type { Api, View } from './api-client.ts';

/** Connections of the organisation that the command acts for, and those that all share. */
export function allConnections(
  api: Api,
  filter: { readonly provider?: string | undefined } = {},
): Promise<View<'Connection'>[]> {
  return allOf(async (cursor) => {
    const query = { ...filter, limit: 500, cursor };
    const page = await api.get('/v1/connections', { params: { query } });
    return { things: page.connections, next: page.next_cursor };
  });
}
