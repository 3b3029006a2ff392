// The three roles as processes of their own, as they are deployed, and what they say and do while
// parts of the cloud are away. Real and doubled: see main-job.test.ts.
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { openCloudScheduler } from '#platform/scheduler/cloud-scheduler/cloud-scheduler.ts';
import { openSecretManagerSecrets } from '#platform/secrets/secret-manager/secret-manager.ts';
import { freePort } from '#platform/testing/server-process.ts';
import { Sender } from '../crash/sender.ts';
import { describeOnCloud } from '../support/cloud.ts';
import { startCloud } from '../support/cloud-parts.ts';
import { Product, type Serving } from './product.ts';

const SECRET = 'the-hubspot-client-secret';
const TOKEN = 'a-token-of-at-least-twenty-letters';
const authorization = { authorization: `Bearer ${TOKEN}` };
const within = { timeout: 15_000 };

interface Roles {
  readonly env: Readonly<Record<string, string>>;
  readonly intake: Serving;
  readonly worker: Serving;
  readonly control: Serving;
}

/** Starts each role on a port of its own; `stack` ends them. */
async function startRoles(
  installation: Readonly<Record<string, string>>,
  stack: AsyncDisposableStack,
): Promise<Roles> {
  const product = await Product.inNewFolder(stack);
  const ports = { intake: await freePort(), worker: await freePort(), control: await freePort() };
  const env = {
    ...installation,
    TRIBUTARY_API_TOKEN: TOKEN,
    TRIBUTARY_PUBLIC_URL: `http://127.0.0.1:${ports.intake}`,
    TRIBUTARY_WORKER_URL: `http://127.0.0.1:${ports.worker}`,
  };
  const serve = (role: keyof typeof ports) =>
    product.serve({ ...env, TRIBUTARY_ROLE: role, TRIBUTARY_PORT: String(ports[role]) });
  // At the same time, as after a deployment: only one of them migrates the database.
  const [intake, worker, control] = await Promise.all([
    serve('intake'),
    serve('worker'),
    serve('control'),
  ]);
  return { env, intake, worker, control };
}

async function addConnection({
  control,
}: Roles): Promise<{ id: string; webhook_url: string; secret_ref: string }> {
  const response = await fetch(`${control.url}/v1/connections`, {
    method: 'POST',
    headers: { ...authorization, 'content-type': 'application/json', 'x-org-id': 'platform' },
    body: JSON.stringify({ provider: 'hubspot', name: `role-${randomUUID()}`, secret: SECRET }),
  });
  expect(response.status).toBe(201);
  return response.json() as Promise<{ id: string; webhook_url: string; secret_ref: string }>;
}

/** Sends until it is taken: intake may not have read of a new connection, or secret, yet. */
async function sendUntilTaken(sender: Sender, url: string): Promise<void> {
  const taken = async () => {
    await sender.sendOne(url);
    return sender.counts.acknowledged;
  };
  await expect.poll(taken, within).toBeGreaterThan(0);
}

const statusOf = async (url: string, init?: RequestInit) => (await fetch(url, init)).status;
const checksOf = async ({ url }: Serving) => {
  const answer = await fetch(`${url}/readyz`);
  const { checks } = (await answer.json()) as { checks: object };
  return { status: answer.status, checks };
};

describeOnCloud('roles on gcp', (cloud) => {
  it('each does its part, and nothing of the others', async () => {
    await using stack = new AsyncDisposableStack();
    const roles = await startRoles(await cloud().installation(), stack);
    const { intake, worker, control } = roles;
    const connection = await addConnection(roles);
    expect(connection.webhook_url).toBe(`${intake.url}/webhooks/hubspot/${connection.id}`);

    const sender = new Sender(SECRET, 'default', connection.id);
    await sendUntilTaken(sender, connection.webhook_url);
    const [id] = sender.acknowledged;
    // A slow emulator has events spooled first.
    const event = () => statusOf(`${control.url}/v1/events/${id}`, { headers: authorization });
    await expect.poll(event, within).toBe(200);

    const webhook = `/webhooks/hubspot/${connection.id}`;
    const post = { method: 'POST' };
    expect({
      intakeApi: await statusOf(`${intake.url}/v1/events`, { headers: authorization }),
      intakeTasks: await statusOf(`${intake.url}/tasks/ledger-cleanup`, post),
      workerApi: await statusOf(`${worker.url}/v1/events`, { headers: authorization }),
      workerWebhooks: await statusOf(worker.url + webhook, post),
      controlWebhooks: await statusOf(control.url + webhook, post),
      controlTasks: await statusOf(`${control.url}/tasks/ledger-cleanup`, post),
      intakeMetrics: await statusOf(`${intake.url}/metrics`, { headers: authorization }),
      workerMetrics: await statusOf(`${worker.url}/metrics`),
      controlMetrics: await statusOf(`${control.url}/metrics`),
      controlMetricsByToken: await statusOf(`${control.url}/metrics`, { headers: authorization }),
    }).toEqual({
      intakeApi: 404,
      intakeTasks: 404,
      workerApi: 404,
      workerWebhooks: 404,
      controlWebhooks: 404,
      controlTasks: 404,
      intakeMetrics: 404,
      workerMetrics: 200,
      controlMetrics: 401,
      controlMetricsByToken: 200,
    });
    expect([await checksOf(intake), await checksOf(worker), await checksOf(control)]).toMatchObject(
      [
        { status: 200, checks: { warehouse: 'ok', bus: 'ok', database: 'ok' } },
        { status: 200, checks: { database: 'ok', bus: 'ok' } },
        { status: 200, checks: { database: 'ok', warehouse: 'ok' } },
      ],
    );
  }, 60_000);

  it('the scheduler runs tasks with its own token, and nobody else does', async () => {
    await using stack = new AsyncDisposableStack();
    const { env, worker } = await startRoles(await cloud().installation(), stack);
    const scheduler = await openCloudScheduler({
      projectId: env.GOOGLE_CLOUD_PROJECT ?? '',
      location: env.GOOGLE_CLOUD_LOCATION ?? '',
      workerUrl: worker.url,
      audience: 'tributary-tasks',
      serviceAccountEmail: env.TRIBUTARY_TASK_ACCOUNT ?? '',
      endpoint: cloud().scheduler.endpoint,
    });
    stack.defer(() => scheduler.close());
    await scheduler.run('ledger-cleanup');
    const job = async () => (await scheduler.list()).find(({ name }) => name === 'ledger-cleanup');
    await expect.poll(job, within).toMatchObject({ lastAttempt: { status: 204 } });

    const { issuer } = cloud().scheduler;
    const account = env.TRIBUTARY_TASK_ACCOUNT ?? '';
    const past = Math.floor(Date.now() / 1_000) - 3_600;
    const tokens = {
      right: await issuer.sign('tributary-tasks', account),
      otherAudience: await issuer.sign('https://other.example.com', account),
      otherAccount: await issuer.sign(
        'tributary-tasks',
        'other@acme-events.iam.gserviceaccount.com',
      ),
      expired: await issuer.sign('tributary-tasks', account, { iat: past - 60, exp: past }),
      unverifiedEmail: await issuer.sign('tributary-tasks', account, { email_verified: false }),
    };
    const answers = Object.entries(tokens).map(async ([name, token]) => [
      name,
      await statusOf(`${worker.url}/tasks/ledger-cleanup`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      }),
    ]);
    expect(Object.fromEntries(await Promise.all(answers))).toEqual({
      right: 200,
      otherAudience: 401,
      otherAccount: 401,
      expired: 401,
      unverifiedEmail: 401,
    });
  }, 60_000);

  it('a secret that is rotated verifies at once, also in a process that has the old one', async () => {
    await using stack = new AsyncDisposableStack();
    const roles = await startRoles(await cloud().installation(), stack);
    const connection = await addConnection(roles);
    const before = new Sender(SECRET, 'default', connection.id);
    await sendUntilTaken(before, connection.webhook_url);

    const secrets = await openSecretManagerSecrets({
      projectId: roles.env.GOOGLE_CLOUD_PROJECT ?? '',
      prefix: 'tributary',
      endpoint: cloud().secretManager.endpoint,
    });
    stack.defer(() => secrets.close());
    await secrets.addVersion(connection.secret_ref, 'the-next-client-secret');
    const after = new Sender('the-next-client-secret', 'default', connection.id);
    // Long before the copy's minute is over: the notification drops it.
    await sendUntilTaken(after, connection.webhook_url);
    const { acknowledged } = before.counts;
    await before.sendOne(connection.webhook_url);
    expect(before.counts.acknowledged).toBe(acknowledged + 1);
  }, 60_000);
});

describeOnCloud('doctor on gcp', (cloud) => {
  it('asks every capability, and names what is missing', async () => {
    await using stack = new AsyncDisposableStack();
    const product = await Product.inNewFolder(stack);
    const installation: Record<string, string> = {
      ...(await cloud().installation()),
      TRIBUTARY_API_TOKEN: TOKEN,
    };
    // Once through a server, so that its topic is there: on an emulator nobody else makes it.
    await (await product.serve(installation)).stop();
    const examine = async (change: Record<string, string>) => {
      const env = { ...installation, ...change };
      const { exitCode, stdout } = await product.run(['doctor', '--json'], { env });
      const { findings } = JSON.parse(stdout) as { findings: { check: string; found: string }[] };
      return { exitCode, found: Object.fromEntries(findings.map((one) => [one.check, one.found])) };
    };
    expect(await examine({})).toMatchObject({
      exitCode: 0,
      found: { database: 'answers', bus: 'answers', warehouse: 'answers', secrets: 'answers' },
    });
    const wrong = await examine({ TRIBUTARY_BIGQUERY_DATASET: 'nowhere', PGDATABASE: 'nowhere' });
    expect(wrong.exitCode).toBe(1);
    expect(wrong.found.database).toMatch(/"nowhere" does not exist.*\[resource_missing\]/);
    expect(wrong.found.warehouse).toMatch(/nowhere/);
    expect(JSON.stringify(wrong)).not.toContain(installation.PGPASSWORD ?? 'a password');
  }, 60_000);
});

describeOnCloud('outages on gcp', () => {
  it('one store is enough to acknowledge; without both the spool is', async () => {
    await using stack = new AsyncDisposableStack();
    const cloud = stack.adopt(await startCloud(), (one) => one.stop());
    const roles = await startRoles(await cloud.installation(), stack);
    const { intake } = roles;
    const connection = await addConnection(roles);
    const sender = new Sender(SECRET, 'default', connection.id);
    await sendUntilTaken(sender, connection.webhook_url);
    const { acknowledged } = sender.counts;

    await cloud.warehouse.stop();
    await sender.sendOne(connection.webhook_url);
    expect(sender.counts.acknowledged).toBe(acknowledged + 1);
    await expect
      .poll(() => checksOf(intake), within)
      .toMatchObject({ status: 200, checks: { bus: 'ok', warehouse: 'warehouse_unavailable' } });

    await cloud.bus.stop();
    await sender.sendOne(connection.webhook_url);
    expect(sender.counts.acknowledged).toBe(acknowledged + 2);
    await expect
      .poll(() => checksOf(intake), within)
      .toMatchObject({
        status: 200,
        checks: { bus: 'bus_unavailable', warehouse: 'warehouse_unavailable', database: 'ok' },
      });
    const { exitCode, elapsedMs } = await intake.stop();
    expect([exitCode, elapsedMs < 10_000]).toEqual([0, true]);
  }, 120_000);
});
