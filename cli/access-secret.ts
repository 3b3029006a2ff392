import type { Config } from '#platform/config/config.ts';
import { openSecrets } from '#services/platform/platform.ts';

/** Reads the newest version of a secret from the store of the configuration, without a server. */
export async function accessSecret(config: Config, ref: string): Promise<string> {
  const secrets = await openSecrets(config);
  try {
    return await secrets.access(ref);
  } finally {
    await secrets.close();
  }
}
