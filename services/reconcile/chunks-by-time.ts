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

/** Cuts a list, sorted by time, where two neighbours lie further apart than `gapMs`. */
export function* clusters<Item extends { readonly atMs: number }>(
  items: readonly Item[],
  gapMs: number,
): Generator<readonly Item[]> {
  let start = 0;
  for (const [index, item] of items.entries()) {
    const next = items[index + 1];
    if (next && next.atMs - item.atMs <= gapMs) continue;
    yield items.slice(start, index + 1);
    start = index + 1;
  }
}
