import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Config, readConfig } from '#platform/config/config.ts';
import { configSchema } from '#platform/config/variables.ts';
import { Problem } from '#schemas/problem.ts';
import { apiTokenPath, readApiToken } from '#services/access/api-token.ts';
import { allConnections } from '../all-connections.ts';
import { openApi } from '../api-client.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { asText, type Finding, finding } from '../finding.ts';
import { printJson } from '../output.ts';
import { readServerNote } from '../running-server.ts';
import { examineCapabilities } from './doctor-gcp.ts';

const MIN_FREE_BYTES = 1024 ** 3;

/** `tributary doctor`: what is configured, what is missing, what to do. Works without a server. */
export async function doctor(options: { readonly json?: boolean }): Promise<void> {
  const findings = await examine();
  if (options.json) printJson({ findings });
  else for (const finding of findings) process.stdout.write(`${asText(finding)}\n`);
  const missing = findings.filter((finding) => finding.level === 'missing').length;
  if (missing > 0)
    throw new CommandFailed(`${missing} of ${findings.length} checks failed.`, EXIT.failed);
}

async function examine(): Promise<Finding[]> {
  let config: Config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return [
      finding('configuration', 'missing', error.message, 'Correct the environment variables.'),
    ];
  }
  if (config.gcp) {
    return [
      finding('Node', 'ok', process.version),
      configuration(),
      ...(await examineCapabilities(config)),
    ];
  }
  return [
    finding('Node', 'ok', process.version),
    configuration(),
    await folder('data folder', config.dataDir),
    await folder('key folder', config.keyDir),
    await freeSpace(config.dataDir),
    await apiToken(config),
    publicUrl(config),
    ...(await server(config)),
  ];
}

function configuration(): Finding {
  const set = Object.keys(configSchema.shape).filter((name) => process.env[name]);
  const shown = set.map((name) =>
    /TOKEN|PASSWORD/.test(name) ? `${name} (set)` : `${name}=${process.env[name]}`,
  );
  return finding('configuration', 'ok', shown.length > 0 ? shown.join(', ') : 'defaults');
}

async function folder(check: string, path: string): Promise<Finding> {
  const existing = await stat(path).catch(() => undefined);
  const target = existing ? path : await nearestFolder(path);
  const writable = await access(target, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!writable) {
    return finding(
      check,
      'missing',
      `${path} is not writable`,
      `Make ${target} writable for this user.`,
    );
  }
  if (!existing) return finding(check, 'ok', `${path} (made at first start)`);
  const openToOthers = (existing.mode & 0o077) !== 0;
  return openToOthers && check === 'key folder'
    ? finding(check, 'warning', `${path} can be read by others`, `Run: chmod 700 ${path}`)
    : finding(check, 'ok', path);
}

async function nearestFolder(path: string): Promise<string> {
  const parent = dirname(path);
  if (parent === path) return path;
  return (await stat(parent).catch(() => undefined)) ? parent : nearestFolder(parent);
}

async function freeSpace(path: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(await nearestFolder(`${path}/x`));
  const freeBytes = bavail * bsize;
  const found = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free`;
  return freeBytes < MIN_FREE_BYTES
    ? finding(
        'disk',
        'warning',
        found,
        'Make room: appends fail, and webhooks answer 503, when the disk is full.',
      )
    : finding('disk', 'ok', found);
}

async function apiToken(config: Config): Promise<Finding> {
  if (config.apiToken !== undefined) return finding('API token', 'ok', 'from TRIBUTARY_API_TOKEN');
  const path = apiTokenPath(config.keyDir);
  return (await readApiToken(config.keyDir)) === undefined
    ? finding('API token', 'warning', 'none yet', `Start the server once; it is kept in ${path}.`)
    : finding('API token', 'ok', `in ${path}`);
}

function publicUrl(config: Config): Finding {
  return config.publicUrl === undefined
    ? finding(
        'public URL',
        'warning',
        'not set: providers outside this machine cannot reach it',
        'Set TRIBUTARY_PUBLIC_URL to the https address that leads here; signatures cover it.',
      )
    : finding('public URL', 'ok', config.publicUrl);
}

async function server(config: Config): Promise<Finding[]> {
  const note = await readServerNote(config.dataDir);
  const url = note?.url ?? `http://${config.host}:${config.port}`;
  const ready = await fetch(`${url}/readyz`).catch(() => undefined);
  if (!ready)
    return [finding('server', 'warning', `nothing answers at ${url}`, 'Start it: npm start')];
  const state = finding(
    'server',
    ready.ok ? 'ok' : 'missing',
    `${url} is ${ready.ok ? 'ready' : `not ready: ${await ready.text()}`}`,
    ready.ok ? '' : 'Look in its log.',
  );
  try {
    const api = await openApi(config);
    const connections = await allConnections(api);
    const found = `${connections.length} connections`;
    return connections.length > 0
      ? [state, finding('connections', 'ok', found)]
      : [
          state,
          finding(
            'connections',
            'warning',
            found,
            'Add one: npx tributary connections add hubspot',
          ),
        ];
  } catch (error) {
    return [
      state,
      finding('API', 'missing', (error as Error).message, 'Use the token of this server.'),
    ];
  }
}
