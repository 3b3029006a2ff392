import { readFile } from 'node:fs/promises';
import { parseInstant } from '#adapters/kit/instant.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { check } from '../adapters/check.ts';
import { checkText } from '../adapters/check-text.ts';
import { type HttpFile, HttpFileFault, parseHttpFile } from '../adapters/http-file.ts';
import { LIST_HEADER, listAdapters, listRow } from '../adapters/list.ts';
import { notesOn, toWebhookRequest } from '../adapters/sample-request.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printJson, printTable } from '../output.ts';
import { secretFromFile, secretFromStream } from '../secret-input.ts';

export interface CheckOptions {
  readonly sample: string;
  readonly secretFile?: string;
  readonly secretStdin?: boolean;
  readonly url?: string;
  readonly at?: string;
  readonly now?: boolean;
  readonly remoteAddress?: string;
  readonly json?: boolean;
}

export interface CommandResult {
  readonly output: string;
  readonly exitCode: number;
}

/** `tributary adapters check <definition.json> --sample <request.http>`. */
export async function checkAdapter(definitionFile: string, options: CheckOptions): Promise<void> {
  const { output, exitCode } = await runCheck(definitionFile, options, process.stdin);
  process.stdout.write(output);
  process.exitCode = exitCode;
}

/**
 * What a definition makes of a recorded request, without a server.
 *
 * @param stdin where the secret comes from with `--secret-stdin`
 * @throws CommandFailed for options and files that cannot be used
 */
export async function runCheck(
  definitionFile: string,
  options: CheckOptions,
  stdin: AsyncIterable<unknown>,
): Promise<CommandResult> {
  const receivedAtMs = readInstant(options);
  const definition = await readDefinition(definitionFile);
  const file = await readSample(options.sample);
  const { url, remoteAddress } = options;
  if (url !== undefined && !(/^https?:\/\//.test(url) && URL.canParse(url))) {
    throw new CommandFailed('--url must be a URL of http or https.', EXIT.usage);
  }
  const report = check({
    definition,
    request: toWebhookRequest(file, {
      receivedAtMs,
      ...(url !== undefined && { url }),
      ...(remoteAddress !== undefined && { remoteAddress }),
    }),
    secrets: await readSecrets(options, stdin),
    notes: notesOn(file),
  });
  return {
    output: options.json ? `${JSON.stringify(report, null, 2)}\n` : checkText(report),
    exitCode: report.ok ? EXIT.ok : EXIT.failed,
  };
}

function readInstant({ at, now }: CheckOptions): number {
  if (at === undefined) return Date.now();
  if (now) throw new CommandFailed('Give --at or --now, not both.', EXIT.usage);
  const ms = parseInstant(at, 'iso8601');
  if (ms !== undefined) return ms;
  throw new CommandFailed(
    '--at must be a time such as 2026-01-15T10:00:00Z, with its offset.',
    EXIT.usage,
  );
}

async function readDefinition(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? `: ${error.message}` : '';
    throw new CommandFailed(`${path} is not JSON${why}`, EXIT.usage);
  }
}

async function readSample(path: string): Promise<HttpFile> {
  const bytes = await readFile(path);
  try {
    return parseHttpFile(bytes);
  } catch (error) {
    if (!(error instanceof HttpFileFault)) throw error;
    throw new CommandFailed(`${path}: ${error.message}`, EXIT.usage);
  }
}

/** None where none is given: not every definition needs one. Never from an argument. */
async function readSecrets(
  { secretFile, secretStdin }: CheckOptions,
  stdin: AsyncIterable<unknown>,
): Promise<string[]> {
  if (secretFile !== undefined && secretStdin) {
    throw new CommandFailed('Give --secret-file or --secret-stdin, not both.', EXIT.usage);
  }
  if (secretFile !== undefined) return [await secretFromFile(secretFile)];
  if (!secretStdin) return [];
  return [await secretFromStream(stdin)];
}

/** `tributary adapters list`. */
export function printAdapters(options: { readonly json?: boolean }): void {
  const listed = listAdapters(adaptersByProvider().values());
  if (options.json) printJson(listed);
  else printTable(LIST_HEADER, listed.map(listRow));
}
