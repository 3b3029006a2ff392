import { Command, CommanderError, Option } from 'commander';
import { Problem } from '#schemas/problem.ts';
import packageJson from '../package.json' with { type: 'json' };
import { CommandFailed, EXIT } from './exit.ts';
import { eventCount, wholeNumber, wholeNumberOrNone } from './whole-number.ts';

/** Loaded when used: each command starts without what the others need. */
const oauthClientCommands = () => import('./commands/oauth-clients.ts');
const connectionCommands = () => import('./commands/connections.ts');
const connectionHealthCommands = () => import('./commands/connection-health.ts');
const replayCommands = () => import('./commands/replay.ts');
const deadLetterCommands = () => import('./commands/dead-letters.ts');
const consumerCommands = () => import('./commands/consumers.ts');
const apiKeyCommands = () => import('./commands/api-keys.ts');
const adapterCommands = () => import('./commands/adapters.ts');

const program = new Command('tributary')
  .description('Signed CRM webhooks in, durable canonical events out.')
  .version(packageJson.version)
  .showHelpAfterError('(tributary --help lists what there is)')
  .exitOverride()
  // An option behind the name of a subcommand is of that: replay and replay save share some.
  .enablePositionalOptions()
  // Without the values of unknown options and arguments: one may be a secret in the wrong place.
  .configureOutput({
    outputError: (text, write) =>
      write(
        text.replace(/(option '--?[^'=]*)=.*'/s, "$1'").replace(/( but got \d+): .*/s, '$1.\n'),
      ),
  })
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no server answers, 4 the audit waits for the rest.
Configuration is read from the environment: see docs/operations.md.`,
  );

program
  .command('serve')
  .description('run the server until SIGTERM or Ctrl-C')
  .action(async () => (await import('./commands/serve.ts')).serve());

program
  .command('demo')
  .description('run the server with a sandbox CRM that sends signed webhooks')
  .option('--seconds <n>', 'stop after so many seconds', wholeNumber)
  .option('--rate <n>', 'webhook notifications a second', wholeNumber, 5)
  .action(async (options) => (await import('./commands/demo.ts')).demo(options));

const connections = program
  .command('connections')
  .description('provider accounts that send webhooks');
connections
  .command('add <provider>')
  .description('add a connection; prints its id and webhook URL as JSON')
  .option('--name <name>', 'name of the connection (default: the provider)')
  .option('--secret-file <file>', 'read the signing secret from a file')
  .option('--secret-stdin', 'read the signing secret from standard input')
  .option('--generate-secret', 'have one made and shown once, where the provider lets us choose it')
  .option('--api-key-file <file>', 'read the API key to call the provider with from a file')
  .option('--settings <json>', 'settings as JSON text, or @FILE')
  .action(async (provider, options) =>
    (await connectionCommands()).addConnection(provider, options),
  );
connections
  .command('list')
  .description('list the connections')
  .option('--provider <name>', 'only those of a provider')
  .option('--json', 'print JSON')
  .action(async (options) => (await connectionCommands()).listConnections(options));
connections
  .command('show <id>')
  .description('print all that is known of it, without secrets')
  .action(async (id) => (await connectionCommands()).showConnection(id));
connections
  .command('disconnect <id>')
  .description('destroy its credentials; its data and its webhook URL stay')
  .action(async (id) => (await connectionCommands()).disconnectConnection(id));
connections
  .command('reconnect <id>')
  .description('receive again after it was disconnected')
  .action(async (id) => (await connectionCommands()).reconnectConnection(id));
connections
  .command('delete <id>')
  .description('remove it with its credentials and its log; its events stay')
  .option('--yes', 'do not ask')
  .action(async (id, options) => (await connectionCommands()).deleteConnection(id, options));
connections
  .command('url <id>')
  .description('print the whole webhook URL, with its secret segment where it has one')
  .action(async (id) => (await connectionCommands()).printWebhookUrl(id));
connections
  .command('enable <id>')
  .description('take webhooks again')
  .action(async (id) => (await connectionCommands()).setConnectionStatus(id, 'active'));
connections
  .command('disable <id>')
  .description('refuse webhooks of this connection')
  .action(async (id) => (await connectionCommands()).setConnectionStatus(id, 'inactive'));
connections
  .command('health <id>')
  .description('how well it is: uptime, response times, errors; fails when it is failing')
  .option('--json', 'print JSON')
  .action(async (id, options) => (await connectionHealthCommands()).showHealth(id, options));
connections
  .command('logs <id>')
  .description('what happened with it, latest first')
  .option('--level <level>', 'info, warning or error')
  .option('--kind <kind>', 'change, credentials, health, registration or poll')
  .option('--since <time>', '30m, 6h, 7d, or a time in RFC 3339')
  .option('--text <text>', 'stands in the code or the message')
  .option('--limit <n>', 'at most so many', wholeNumber, 50)
  .option('--cursor <cursor>', 'go on where a list ended')
  .option('--json', 'print JSON')
  .action(async (id, options) => (await connectionHealthCommands()).showLogs(id, options));
connections
  .command('check [id]')
  .description('check it now; fails when the check does')
  .option('--all', 'all of the organisation that are enabled and connected')
  .action(async (id, options) => (await connectionHealthCommands()).checkConnections(id, options));

const oauthClients = program
  .command('oauth-clients')
  .description('the apps that we are at providers, by which accounts are connected with OAuth 2.0');
oauthClients
  .command('set <provider>')
  .description('store the app that was registered at a provider, in place of the one there was')
  .requiredOption('--client-id <id>', 'its client id')
  .option('--secret-file <file>', 'read its client secret from a file')
  .option('--secret-stdin', 'read its client secret from standard input')
  .option('--private-key-file <file>', 'read the key that signs its assertions from a PEM file')
  .action(async (provider, options) =>
    (await oauthClientCommands()).setOAuthClient(provider, options),
  );
oauthClients
  .command('list')
  .description('list them')
  .option('--json', 'print JSON')
  .action(async (options) => (await oauthClientCommands()).listOAuthClients(options));
oauthClients
  .command('delete <provider>')
  .description('forget one, and destroy its secret')
  .action(async (provider) => (await oauthClientCommands()).deleteOAuthClient(provider));

program
  .command('readiness <provider>')
  .description('go through every precondition of a provider: decision, gaps, evidence')
  .addOption(
    new Option('--path <path>', 'the way that changes come in')
      .choices(['webhook', 'poll'])
      .default('webhook'),
  )
  .option('--connection <id>', 'only this connection (default: all of the provider)')
  .option('--tenant <id>', 'whose (default: TRIBUTARY_TENANT_ID)')
  .option('--org <id>', 'of which organisation (default: TRIBUTARY_ORG_ID)')
  .option('--json', 'print JSON')
  .action(async (provider, options) =>
    (await import('./commands/readiness.ts')).readiness(provider, options),
  );

program
  .command('token')
  .description('print a token for a user of this installation (embedded)')
  .requiredOption('--subject <name>', 'who it is, for records of what was done')
  .option('--role <role>', 'owner, administrator or member', 'member')
  .option('--org <id>', 'its organisation (default: none, which is the platform)')
  .option('--tenant <id>', 'its tenant (default: TRIBUTARY_TENANT_ID)')
  .option('--hours <n>', 'how long it is valid', wholeNumber, 8)
  .action(async (options) => (await import('./commands/token.ts')).printToken(options));

program
  .command('sign-in')
  .description('print a link that signs a browser in, once and within 15 minutes (embedded)')
  .option('--subject <name>', 'who it is, for records of what was done', 'operator')
  .option('--role <role>', 'owner, administrator or member', 'owner')
  .option('--org <id>', 'its organisation (default: none, which is the platform)')
  .option('--tenant <id>', 'its tenant (default: TRIBUTARY_TENANT_ID)')
  .action(async (options) => (await import('./commands/sign-in.ts')).printSignInLink(options));

const apiKeys = program
  .command('api-keys')
  .description('keys of programs that use the API, of TRIBUTARY_ORG_ID');
apiKeys
  .command('create <name>')
  .description('make one; prints it as JSON, this once')
  .option('--role <role>', 'owner, administrator or member', 'member')
  .option('--scope <scope...>', 'what it is for, such as connections:read (default: all)', [])
  .option('--days <n>', 'how long it is valid, at most 365 (default: 365)', wholeNumber)
  .action(async (name, options) => (await apiKeyCommands()).createApiKey(name, options));
apiKeys
  .command('list')
  .description('list them, newest first')
  .option('--json', 'print JSON')
  .action(async (options) => (await apiKeyCommands()).listApiKeys(options));
apiKeys
  .command('revoke <id>')
  .description('let nobody in by it from now on')
  .action(async (id) => (await apiKeyCommands()).revokeApiKey(id));

program
  .command('send <provider> [event]')
  .description('sign one sample webhook as the provider would, and send it')
  .option('--connection <id>', 'which connection, when there are several')
  .action(async (provider, sample, options) =>
    (await import('./commands/send.ts')).send(provider, sample, options),
  );

const adapters = program
  .command('adapters')
  .description('the providers there are, and definitions of your own');
adapters
  .command('list')
  .description('list the adapters')
  .option('--json', 'print JSON')
  .action(async (options) => (await adapterCommands()).printAdapters(options));
adapters
  .command('check <definition>')
  .description('what a custom definition makes of a recorded request; needs no server')
  .requiredOption('--sample <file>', 'the request: request line, headers, blank line, body')
  .option('--secret-file <file>', 'read the signing secret from a file')
  .option('--secret-stdin', 'read the signing secret from standard input')
  .option('--url <url>', 'public URL the provider addresses, or its origin')
  .option('--at <time>', 'time of receipt, RFC 3339; a recording needs its own')
  .option('--now', 'received now (the default)')
  .option('--remote-address <address>', 'address of the sender, for network.ipAllow')
  .option('--json', 'print JSON')
  .action(async (definition, options) =>
    (await adapterCommands()).checkAdapter(definition, options),
  );

program
  .command('providers [name]')
  .description('the providers there are, or what a connection of one is asked for')
  .option('--json', 'print JSON')
  .action(async (name, options) =>
    (await import('./commands/providers.ts')).providers(name, options),
  );

program
  .command('sandbox <provider>')
  .description('run a provider on this machine that sends signed webhooks when told to')
  .requiredOption('--target <url>', 'webhook URL of a connection, without a secret segment')
  .requiredOption('--secret-file <file>', "read the connection's secret from a file")
  .option('--settings <json>', "the connection's settings as JSON text, or @FILE")
  .option('--seed <n>', 'the same seed makes the same changes', wholeNumber, 1)
  .option('--port <n>', 'port of its control surface (default: any)', wholeNumber, 0)
  .option('--time-scale <n>', 'divides the delays of the provider', wholeNumber, 1)
  .action(async (provider, options) =>
    (await import('./commands/sandbox.ts')).sandbox(provider, options),
  );

program
  .command('tail')
  .description('show events as they pass on the bus')
  .option('--json', 'print each event as one line of JSON')
  .option('--count <n>', 'end after so many events', wholeNumber)
  .action(async (options) => (await import('./commands/tail.ts')).tail(options));

program
  .command('events [id]')
  .description('query the outbox, newest first')
  .option('--type <type>', 'for example deal.won')
  .option('--connection <id>')
  .option('--provider <name>')
  .option('--entity <id>')
  .option('--from <time>', 'received from, RFC 3339')
  .option('--to <time>', 'received before, RFC 3339')
  .option('--limit <n>', 'at most so many', wholeNumber, 50)
  .option('--json', 'print JSON')
  .action(async (id, options) => (await import('./commands/events.ts')).events(id, options));

const withPredicate = (command: Command) =>
  command
    .option('--from <time>', 'received from, RFC 3339')
    .option('--to <time>', 'received before, RFC 3339')
    .option('--type <type>', 'for example deal.won; observations only when named')
    .option('--connection <id>')
    .option('--provider <name>')
    .option('--entity-type <type>')
    .option('--entity <id>')
    .option('--org <id>');
const replay = withPredicate(
  program
    .command('replay')
    .description('publish events of the outbox again, after an estimate')
    .enablePositionalOptions(),
)
  .option('--predicate <name>', 'a saved predicate; the options take the place of its parts')
  .option('--consumer <name>', 'for this consumer alone')
  .option('--again', 'consumers act once more, also on what they have acted on')
  .option('--rate <n>', 'events a second at most (default: 1000)', wholeNumber)
  .option('--max <n>', 'refuse more events than this (default: 1000000)', eventCount)
  .option('--dry-run', 'only the estimate')
  .option('--yes', 'do not ask')
  .option('--follow', 'show progress until it ends')
  .option('--json', 'print JSON')
  .action(async (options) => (await replayCommands()).replay(options));
replay
  .command('list')
  .description('list the replays, newest first')
  .option('--json', 'print JSON')
  .action(async (options) => (await replayCommands()).listReplays(options));
replay
  .command('show <id>')
  .description('how far one is, and its receipt')
  .option('--follow', 'show progress until it ends')
  .option('--json', 'print JSON')
  .action(async (id, options) => (await replayCommands()).showReplay(id, options));
for (const [move, what] of [
  ['pause', 'stop after the batch under way'],
  ['resume', 'go on where it was paused or has failed'],
  ['cancel', 'end it where it is'],
] as const) {
  replay
    .command(`${move} <id>`)
    .description(what)
    .action(async (id) => (await replayCommands()).moveReplay(id, move));
}
withPredicate(replay.command('save <name>').description('keep a predicate under a name')).action(
  async (name, options) => (await replayCommands()).savePredicate(name, options),
);
const deadLetters = program
  .command('dead-letters')
  .description('messages that a consumer could not handle');
const withFilters = (command: Command) =>
  command
    .option('--consumer <name>', 'the consumer that could not handle it')
    .option('--state <state>', 'retrying, open, retried, dropped or resolved')
    .option('--type <type>', 'for example deal.won')
    .option('--connection <id>')
    .option('--entity <id>')
    .option('--failure <reason>', 'reason of the last failure, as listed')
    .option('--json', 'print JSON');
withFilters(deadLetters.command('list'))
  .description('list them, latest first failure first')
  .option('--limit <n>', 'at most so many', wholeNumber, 50)
  .option('--cursor <cursor>', 'go on where a list ended')
  .action(async (options) => (await deadLetterCommands()).listDeadLetters(options));
deadLetters
  .command('show <id>')
  .description('print one with its attempts and its whole message')
  .action(async (id) => (await deadLetterCommands()).showDeadLetter(id));
withFilters(deadLetters.command('retry [id]'))
  .description('publish it again for its consumer alone')
  .option('--all', 'all that the filters name: the open ones, unless --state says another')
  .action(async (id, options) => (await deadLetterCommands()).retryDeadLetters(id, options));
withFilters(deadLetters.command('drop [id]'))
  .description('end it: nobody needs it any more')
  .requiredOption('--reason <text>', 'why; kept')
  .option('--all', 'all that the filters name: the open ones, unless --state says another')
  .action(async (id, options) => (await deadLetterCommands()).dropDeadLetters(id, options));

const consumers = program
  .command('consumers')
  .description('the parts of the product that act on events');
consumers
  .command('list')
  .description('list them: whether each goes on, and what waits')
  .option('--json', 'print JSON')
  .action(async (options) => (await consumerCommands()).listConsumers(options));
consumers
  .command('resume <name>')
  .description('let one that stopped go on')
  .action(async (name) => (await consumerCommands()).resumeConsumer(name));
program
  .command('reconcile')
  .description('compare the outbox with what the bus carried, and heal what one side lacks')
  .option('--dry-run', 'say what is missing, and heal nothing')
  .option('--from <time>', 'compare what came from then on, RFC 3339 (default: what is due)')
  .option('--to <time>', 'compare what came before then, RFC 3339')
  .option('--status', 'show how far it has come, and what is not healed')
  .option('--resume', 'let a suspended reconciliation try once more')
  .option('--json', 'print JSON')
  .action(async (options) => (await import('./commands/reconcile.ts')).reconcile(options));
program
  .command('audit')
  .description('prove that nothing accepted was lost, or name what is missing')
  .option('--from <time>', 'received from, RFC 3339 (default: an hour before --to)')
  .option('--to <time>', 'received before, RFC 3339 (default: now)')
  .option('--limit <n>', 'name at most so many events', wholeNumber, 100)
  .option('--grace <minutes>', 'for how long events may be on their way', wholeNumberOrNone, 10)
  .option('--json', 'print JSON')
  .action(async (options) => (await import('./commands/audit.ts')).audit(options));

program
  .command('canaries')
  .description('how far the latest canary of each connection has come')
  .option('--json', 'print JSON')
  .action(async (options) => (await import('./commands/canaries.ts')).canaries(options));

const schema = program
  .command('schema')
  .description('the BigQuery dataset: tables, views, functions, row access');
const withDataset = (command: Command) =>
  command
    .option('--project <id>', 'default: GOOGLE_CLOUD_PROJECT')
    .option('--dataset <name>', 'default: TRIBUTARY_BIGQUERY_DATASET')
    .option('--location <name>', 'default: TRIBUTARY_BIGQUERY_LOCATION')
    .option(
      '--reader <member...>',
      'IAM members that see all rows; with them, row access policies too',
      [],
    );
withDataset(schema.command('apply'))
  .description('create the dataset, or bring it to what this version declares')
  .option('--dry-run', 'say what would be done, and do nothing')
  .option('--json', 'print the steps as JSON')
  .action(async (options) => (await import('./commands/schema.ts')).applySchemaCommand(options));
withDataset(schema.command('print'))
  .description('print the same as a SQL script')
  .action(async (options) => (await import('./commands/schema.ts')).printSchema(options));

program
  .command('doctor')
  .description('what is configured, what is missing, what to do')
  .option('--json', 'print JSON')
  .action(async (options) => (await import('./commands/doctor.ts')).doctor(options));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  // Commander has printed its message already; help and version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CommandFailed) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof Problem) {
    process.stderr.write(`${error.message} [${error.code}]\n`);
    return EXIT.failed;
  }
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    process.stderr.write(`There is no file ${path}.\n`);
    return EXIT.usage;
  }
  if (code === 'EADDRINUSE') {
    process.stderr.write(
      'The port is taken. Stop what uses it, or set TRIBUTARY_PORT to another.\n',
    );
    return EXIT.failed;
  }
  process.stderr.write(`${(error as Error).stack ?? error}\n`);
  return EXIT.failed;
}
