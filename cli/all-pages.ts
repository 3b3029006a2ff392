/**
 * All things of a list, page by page.
 *
 * @param read one page: the first, or the one behind a cursor
 */
export async function allOf<Thing>(
  read: (cursor: string | undefined) => Promise<{ things: readonly Thing[]; next: string | null }>,
): Promise<Thing[]> {
  const all: Thing[] = [];
  let cursor: string | undefined;
  do {
    const { things, next } = await read(cursor);
    all.push(...things);
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  return all;
}
