import { configSchema } from '#platform/config/variables.ts';
import { applySchema } from '#platform/warehouse/bigquery/schema/apply.ts';
import { loadDeclaredSchema } from '#platform/warehouse/bigquery/schema/declared-schema.ts';
import { schemaScript } from '#platform/warehouse/bigquery/schema/script.ts';
import type { Step } from '#platform/warehouse/bigquery/schema/step.ts';
import { InvalidConfig } from '#schemas/problems.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printJson } from '../output.ts';

interface DatasetOptions {
  readonly project?: string;
  readonly dataset?: string;
  readonly location?: string;
  readonly reader: readonly string[];
}

/** Only these: who applies the schema need not configure a server. */
const VARIABLES = configSchema.pick({
  GOOGLE_CLOUD_PROJECT: true,
  TRIBUTARY_BIGQUERY_DATASET: true,
  TRIBUTARY_BIGQUERY_LOCATION: true,
  BIGQUERY_EMULATOR_HOST: true,
});
const MEMBER = /^(?:user|group|serviceAccount|domain|principal|principalSet):[^\s']+$/;

/** `tributary schema apply`: brings the BigQuery dataset to what this version declares. */
export async function applySchemaCommand(
  options: DatasetOptions & { readonly dryRun?: boolean; readonly json?: boolean },
): Promise<void> {
  const target = readTarget(options);
  const dryRun = options.dryRun ?? false;
  const say = (text: string) => {
    if (!options.json) process.stdout.write(`${text}\n`);
  };
  const steps = await applySchema({ ...target, dryRun, onStep: (step) => say(asText(step)) });
  if (dryRun) for (const step of steps) say(asText(step));
  if (options.json) {
    const plain = steps.map(({ action, kind, name, changes }) => ({ action, kind, name, changes }));
    printJson({ dataset: `${target.projectId}.${target.dataset}`, dryRun, steps: plain });
    return;
  }
  if (steps.length === 0)
    say(`Nothing to do: ${target.projectId}.${target.dataset} is up to date.`);
  else if (dryRun) say('Nothing was changed. Run it without --dry-run to take these steps.');
  if (options.reader.length === 0) {
    say(
      'Row access was left as it is. To restrict analysts to their tenants, name with --reader every account that must see all rows: the services first of all.',
    );
  }
}

/** `tributary schema print`: the same as a SQL script. */
export async function printSchema(options: DatasetOptions): Promise<void> {
  process.stdout.write(schemaScript(await loadDeclaredSchema(readTarget(options))));
}

function readTarget({ project, dataset, location, reader }: DatasetOptions) {
  const wrong = reader.find((member) => !MEMBER.test(member));
  if (wrong !== undefined) {
    throw new CommandFailed(
      `${wrong} is no IAM member. Write serviceAccount:NAME@PROJECT.iam.gserviceaccount.com, group:ADDRESS or user:ADDRESS.`,
      EXIT.usage,
    );
  }
  const given = {
    GOOGLE_CLOUD_PROJECT: project,
    TRIBUTARY_BIGQUERY_DATASET: dataset,
    TRIBUTARY_BIGQUERY_LOCATION: location,
  };
  const names = Object.keys(VARIABLES.shape) as (keyof typeof VARIABLES.shape)[];
  const parsed = VARIABLES.safeParse(
    Object.fromEntries(
      names.map((name) => [
        name,
        { ...given }[name as keyof typeof given] ?? (process.env[name] || undefined),
      ]),
    ),
  );
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new InvalidConfig(`The dataset is not well named: ${faults.join('; ')}.`);
  }
  const values = parsed.data;
  if (values.GOOGLE_CLOUD_PROJECT === undefined) {
    throw new InvalidConfig('No project is named. Set GOOGLE_CLOUD_PROJECT, or give --project.');
  }
  return {
    projectId: values.GOOGLE_CLOUD_PROJECT,
    dataset: values.TRIBUTARY_BIGQUERY_DATASET,
    location: values.TRIBUTARY_BIGQUERY_LOCATION,
    readers: reader,
    ...(values.BIGQUERY_EMULATOR_HOST && {
      restEndpoint: `http://${values.BIGQUERY_EMULATOR_HOST}`,
    }),
  };
}

function asText({ action, kind, name, changes }: Step): string {
  const line = `${action} ${kind} ${name}`;
  return [line, ...changes.map((change) => `  ${change}`)].join('\n');
}
