/**
 * Cuts a list, sorted by time, in chunks of some `size`. Entries of one time stay together, since
 * they are put in order only when their events are read; of one time alone at most 4 × size.
 */
export function* chunksByTime<Item extends { readonly atMs: number }>(
  items: readonly Item[],
  size: number,
): Generator<readonly Item[]> {
  let start = 0;
  for (let end = 1; end <= items.length; end += 1) {
    const length = end - start;
    const sameTime = items[end]?.atMs === items[end - 1]?.atMs;
    if (end < items.length && (length < size || (sameTime && length < 4 * size))) continue;
    yield items.slice(start, end);
    start = end;
  }
}
