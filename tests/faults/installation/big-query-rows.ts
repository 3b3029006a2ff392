import { setTimeout as delay } from 'node:timers/promises';

interface Answer {
  readonly jobComplete?: boolean;
  readonly jobReference?: { readonly jobId: string };
  readonly pageToken?: string;
  readonly rows?: readonly { readonly f: readonly { readonly v: unknown }[] }[];
  readonly error?: { readonly message?: string };
}

const TIMEOUT_MS = 30_000;
const ATTEMPTS = 5;
const RETRY_MS = 1_000;

/**
 * The values of a query's one column, past the product and its client: an emulator wants no credentials.
 * Asked again at failures: a busy emulator refuses queries at times.
 *
 * @throws Error when no attempt is answered within its 30 s
 */
export async function queryColumn(
  restEndpoint: string,
  projectId: string,
  sql: string,
): Promise<string[]> {
  const url = `${restEndpoint}/bigquery/v2/projects/${projectId}/queries`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(url, sql);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await delay(RETRY_MS);
    }
  }
}

async function ask(url: string, sql: string): Promise<string[]> {
  const query = { query: sql, useLegacySql: false, maxResults: 1_000_000, timeoutMs: TIMEOUT_MS };
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(query),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = (await response.json()) as Answer;
  if (!response.ok || answer.jobComplete === false || answer.pageToken) {
    throw new Error(`${sql}: ${response.status} ${answer.error?.message ?? 'not all rows came'}`);
  }
  return (answer.rows ?? []).map(({ f }) => String(f[0]?.v));
}
