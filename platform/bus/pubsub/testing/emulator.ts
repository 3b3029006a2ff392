import { readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findExecutable, type Part } from '#platform/testing/part.ts';
import { freePort, startServerProcess } from '#platform/testing/server-process.ts';

/** Google's emulator of Pub/Sub: a jar inside the Cloud SDK, and a Java to run it. */
export const PUBSUB_EMULATOR: Part = {
  name: "Google's Pub/Sub emulator",
  find: () => (findJava() ? sdkFolders().map(findJar).find(Boolean) : undefined),
  howToGet:
    'install the Debian package google-cloud-cli-pubsub-emulator, or run "gcloud components install pubsub-emulator"; Java 17 or later must be on PATH.',
};

export interface PubSubEmulator {
  /** host:port */
  readonly host: string;
  /** Ends it; all it held is gone. */
  stop(): Promise<void>;
}

/**
 * Starts the emulator on a port of 127.0.0.1. Projects need not be made: each name is one of its own.
 *
 * @param jarPath what PUBSUB_EMULATOR found
 * @param port by default a free one
 */
export async function startPubSubEmulator(jarPath: string, port?: number): Promise<PubSubEmulator> {
  const chosen = port ?? (await freePort());
  const java = findJava();
  if (!java) throw new Error(`${PUBSUB_EMULATOR.name} needs java on PATH.`);
  const server = await startServerProcess({
    command: java,
    args: [
      // It lives for one suite: quick to start and small, not fast in the long run.
      ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx512m'],
      ...['-jar', jarPath, '--host=127.0.0.1', `--port=${chosen}`],
    ],
    ports: [chosen],
  });
  return { host: `127.0.0.1:${chosen}`, stop: () => server.stop() };
}

function findJava(): string | undefined {
  const home = process.env.JAVA_HOME;
  return findExecutable('java', [
    ...(home ? [join(home, 'bin')] : []),
    ...(process.env.PATH ?? '').split(delimiter),
  ]);
}

/** Where a Cloud SDK may be: as named by its own variables, around gcloud, and Debian's and Red Hat's places. */
function sdkFolders(): string[] {
  const { CLOUDSDK_ROOT_DIR, CLOUDSDK_ROOT, CLOUDSDK_HOME } = process.env;
  const gcloud = findExecutable('gcloud');
  return [
    ...[CLOUDSDK_ROOT_DIR, CLOUDSDK_ROOT, CLOUDSDK_HOME].filter((folder) => folder !== undefined),
    ...(gcloud ? [dirname(dirname(realpathSync(gcloud)))] : []),
    '/usr/lib/google-cloud-sdk',
    '/usr/share/google-cloud-sdk',
  ];
}

function findJar(sdkFolder: string): string | undefined {
  const folder = join(sdkFolder, 'platform/pubsub-emulator/lib');
  try {
    const jar = readdirSync(folder).find((name) => /^cloud-pubsub-emulator-.*\.jar$/.test(name));
    return jar && join(folder, jar);
  } catch {
    return undefined;
  }
}
