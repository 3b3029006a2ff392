import type { Adapter } from '#adapters/kit/adapter.ts';
import type { Field } from '#adapters/kit/fields.ts';
import { namedFields } from '#adapters/kit/named-fields.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { providerDetail, providerView } from '#services/providers/provider-view.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printJson, tableText } from '../output.ts';

/** `tributary providers [name]`: which there are, or what a connection of one is asked for. */
export function providers(name: string | undefined, options: { readonly json?: boolean }): void {
  const adapters = adaptersByProvider();
  if (name === undefined) {
    const all = [...adapters.values()].map(providerView);
    if (options.json) printJson({ providers: all });
    else process.stdout.write(listText([...adapters.values()]));
    return;
  }
  const adapter = adapters.get(name);
  if (!adapter) {
    throw new CommandFailed(
      `There is no provider ${JSON.stringify(name)}. Choose one of: ${[...adapters.keys()].join(', ')}.`,
      EXIT.usage,
    );
  }
  if (options.json) printJson(providerDetail(adapter));
  else process.stdout.write(providerText(adapter));
}

function listText(adapters: readonly Adapter[]): string {
  const rows = adapters
    .map(providerView)
    .map((view) => [
      view.provider,
      view.title,
      view.secret_made_by,
      view.credential_kinds.join(' '),
      view.docs,
    ]);
  return tableText(['PROVIDER', 'TITLE', 'SECRET MADE BY', 'CREDENTIALS', 'GUIDE'], rows);
}

/** The settings of a provider and what each kind of credential asks for, as tables. */
export function providerText(adapter: Adapter): string {
  const { title, docs, settings, credentials } = providerDetail(adapter);
  const asked = credentials.flatMap(({ kind, fields }) =>
    fields.length === 0
      ? [[kind, '', '', 'nothing: the provider asks for the account']]
      : namedFields(fields).map(([name, field]) => [kind, ...cells(name, field)]),
  );
  const parts = [
    `${title}: see ${docs}\n`,
    tableText(
      ['SETTING', 'DEFAULT', 'LABEL'],
      namedFields(settings.fields).map(([name, field]) => cells(name, field)),
    ),
    ...(asked.length > 0 ? [tableText(['CREDENTIAL', 'ASKS FOR', 'DEFAULT', 'LABEL'], asked)] : []),
  ];
  return parts.join('\n');
}

function cells(name: string, { choices, default: value, label, required, secret }: Field) {
  const values = choices ? `: ${choices.map((choice) => choice.value).join(', ')}` : '';
  const isNothing = value === undefined || (Array.isArray(value) && value.length === 0);
  return [
    name,
    required ? 'required' : isNothing ? '' : JSON.stringify(value),
    `${label}${secret ? ' (secret)' : ''}${values}`,
  ];
}
