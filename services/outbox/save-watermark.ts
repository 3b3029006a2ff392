import type { Database } from '#platform/database/database.ts';

/** Keeps a process's watermark; its time of saving tells that the process lives. */
export async function saveWatermark(
  database: Database,
  name: string,
  publishedThrough: string,
  behind: boolean,
): Promise<void> {
  await database.query(
    `INSERT INTO relay_watermarks (name, published_through, behind) VALUES ($1, $2, $3)
     ON CONFLICT (name) DO UPDATE
     SET published_through = EXCLUDED.published_through, behind = EXCLUDED.behind, updated_at = now()`,
    [name, publishedThrough, behind],
  );
}
