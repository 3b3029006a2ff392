import { adaptersByProvider } from '#adapters/registry.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printJson } from '../output.ts';
import { secretFromFile } from '../secret-input.ts';
import { readSettings } from '../settings-option.ts';

export interface SandboxCommandOptions {
  readonly target: string;
  readonly secretFile: string;
  readonly settings?: string;
  readonly seed: number;
  readonly port: number;
  readonly timeScale: number;
}

/** `tributary sandbox <provider>`: a provider on this machine, until SIGTERM or Ctrl-C. */
export async function sandbox(provider: string, options: SandboxCommandOptions): Promise<void> {
  const adapters = adaptersByProvider();
  const adapter = adapters.get(provider);
  const module = await adapter?.sandbox?.();
  if (!adapter || !module) {
    const known = [...adapters.values()].filter((one) => one.sandbox).map((one) => one.provider);
    throw new CommandFailed(
      `There is no sandbox of "${provider}". Choose one of: ${known.join(', ')}.`,
      EXIT.usage,
    );
  }
  const settings = options.settings ? await readSettings(options.settings) : module.settings;
  const running = await module.start({
    targetUrl: options.target,
    secret: await secretFromFile(options.secretFile),
    settings: adapter.settingsSchema.parse(settings),
    seed: options.seed,
    controlPort: options.port,
    timeScale: options.timeScale,
  });
  printJson({ provider, control_url: running.controlUrl, types: running.changeTypes });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void running.close());
  }
}
