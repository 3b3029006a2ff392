import { status as Code } from '@grpc/grpc-js';
import { startTokenIssuer, type TokenIssuer } from '#platform/jwt/testing/token-issuer.ts';
import { type GrpcServer, loadFields, startGrpcServer } from '#platform/testing/grpc-server.ts';
import { GrpcStatus } from '#platform/testing/grpc-status.ts';
import { checkJob, checkMask, refuseUnless, type WireJob } from './job-checks.ts';
import { JobRunner } from './job-runner.ts';

export interface CloudSchedulerServerOptions {
  readonly projectId: string;
  readonly location: string;
  /** Decides as IAM does, of `cloudscheduler.…` on jobs and `iam.serviceAccounts.actAs` on accounts. */
  readonly allow?: (permission: string, resource: string) => boolean;
  /** How long a second of a wait before a retry takes. Default 1,000 ms. */
  readonly secondMs?: number;
  /** As Google's proto has it: what a redirect leads to answers. Default true. */
  readonly followRedirects?: boolean;
  /** Jobs on a page of a list, at most. Default 500. */
  readonly maxPageSize?: number;
  readonly port?: number;
  /** Port that the keys of its tokens are served on. Default: a free one. */
  readonly jwksPort?: number;
}

export interface CloudSchedulerServer extends GrpcServer {
  /** Issuer of the tokens that its calls carry, with the URL of its keys. */
  readonly issuer: TokenIssuer;
  /** By full name. */
  readonly jobs: ReadonlyMap<string, WireJob>;
  /** Lets the next updates fail half done: the job is UPDATE_FAILED until an update succeeds. */
  failUpdates(times: number, code?: Code): void;
}

const SOURCE = {
  clientPackage: '@google-cloud/scheduler',
  protoFile: 'google/cloud/scheduler/v1/cloudscheduler.proto',
  service: 'google.cloud.scheduler.v1.CloudScheduler',
};
const ID = /^[A-Za-z0-9_-]{1,500}$/;

/**
 * Starts a stand-in for Cloud Scheduler, for tests: its protocol is that of Google's client, its
 * checks are those that Google's proto states, its jobs are in memory. It calls their targets, by
 * the clock and when it is asked to, with tokens as Google signs them. Not there: targets other than
 * HTTP, schedules in words, nested paths in masks, the end of retries at the next scheduled time.
 */
export async function startCloudSchedulerServer(
  options: CloudSchedulerServerOptions,
): Promise<CloudSchedulerServer> {
  const { projectId, location, secondMs = 1_000, followRedirects = true, port } = options;
  const { maxPageSize = 500 } = options;
  const parent = `projects/${projectId}/locations/${location}`;
  const fields = loadFields(SOURCE, 'google.cloud.scheduler.v1.Job');
  const issuer = await startTokenIssuer(options.jwksPort);
  const runner = new JobRunner({ issuer, secondMs, followRedirects });
  const jobs = new Map<string, WireJob>();
  let failures: { left: number; code: Code } = { left: 0, code: Code.INTERNAL };

  const authorize = (permission: string, resource: string) => {
    const known = resource === parent || resource.startsWith(`${parent}/jobs/`);
    const here = known || permission === 'iam.serviceAccounts.actAs';
    if (here && (options.allow?.(permission, resource) ?? true)) return;
    // In these words, also for a project or a location that is not there.
    throw new GrpcStatus(
      Code.PERMISSION_DENIED,
      `The principal (user or service account) lacks IAM permission "${permission}" for the resource "${resource}" (or the resource may not exist).`,
    );
  };
  const authorizeAccount = ({ httpTarget }: WireJob) => {
    const account = httpTarget?.oidcToken?.serviceAccountEmail;
    if (account) authorize('iam.serviceAccounts.actAs', account);
  };
  const find = (name: string, permission: string): WireJob => {
    const parts = /^(projects\/[^/]+\/locations\/[^/]+)\/jobs\/([^/]+)$/.exec(name);
    refuseUnless(parts !== null && ID.test(parts[2] ?? ''), 'Job name must be formatted.');
    authorize(`cloudscheduler.jobs.${permission}`, name);
    const job = jobs.get(name);
    if (job) return job;
    throw new GrpcStatus(Code.NOT_FOUND, 'Job not found.');
  };
  const setState = (name: string, permission: string, from: string, to: WireJob['state']) => {
    const job = find(name, permission);
    if (job.state !== from) {
      throw new GrpcStatus(Code.FAILED_PRECONDITION, `Job is not ${from}.`);
    }
    job.state = to;
    runner.schedule(job);
    return job;
  };

  const server = await startGrpcServer({
    source: SOURCE,
    port,
    unary: {
      ListJobs({ parent: asked, pageSize, pageToken }) {
        authorize('cloudscheduler.jobs.list', asked);
        const all = [...jobs.values()];
        const from = Number(pageToken || 0);
        const to = from + Math.min(pageSize || maxPageSize, maxPageSize);
        return { jobs: all.slice(from, to), nextPageToken: to < all.length ? String(to) : '' };
      },
      GetJob({ name }) {
        return find(name, 'get');
      },
      CreateJob({ parent: asked, job }) {
        authorize('cloudscheduler.jobs.create', asked);
        const id = job?.name.startsWith(`${asked}/jobs/`) && job.name.slice(asked.length + 6);
        refuseUnless(ID.test(id || ''), 'Job name must be formatted.');
        authorizeAccount(job);
        checkJob(job, projectId);
        if (jobs.has(job.name)) throw new GrpcStatus(Code.ALREADY_EXISTS, 'Job already exists.');
        const created = { ...job, state: 'ENABLED', status: null, lastAttemptTime: null };
        jobs.set(job.name, created);
        runner.schedule(created);
        return created;
      },
      UpdateJob({ job, updateMask }) {
        const current = find(job?.name ?? '', 'update');
        const paths: string[] = updateMask?.paths ?? [];
        checkMask(paths, fields);
        const changes = Object.fromEntries(
          paths.map(camelCase).map((field) => [field, job[field as keyof WireJob]]),
        );
        const { state, status, lastAttemptTime } = current;
        const updated = { ...current, ...changes, state, status, lastAttemptTime };
        authorizeAccount(updated);
        checkJob(updated, projectId);
        if (failures.left > 0) {
          failures.left -= 1;
          current.state = 'UPDATE_FAILED';
          runner.schedule(current);
          throw new GrpcStatus(failures.code, 'The update failed.');
        }
        // Whether a job that was paused is so again is not documented: here it is not.
        if (state === 'UPDATE_FAILED') updated.state = 'ENABLED';
        Object.assign(current, updated);
        runner.schedule(current);
        return current;
      },
      DeleteJob({ name }) {
        runner.unschedule(find(name, 'delete'));
        jobs.delete(name);
        return {};
      },
      PauseJob: ({ name }) => setState(name, 'pause', 'ENABLED', 'PAUSED'),
      ResumeJob: ({ name }) => setState(name, 'enable', 'PAUSED', 'ENABLED'),
      RunJob({ name }) {
        const job = find(name, 'run');
        void runner.run(job);
        return job;
      },
    },
  });
  const stopGrpc = server.stop;
  return Object.assign(server, {
    issuer,
    jobs,
    failUpdates(times: number, code = Code.INTERNAL) {
      failures = { left: times, code };
    },
    stop: async () => {
      runner.stop();
      await Promise.all([stopGrpc(), issuer.stop()]);
    },
  });
}

function camelCase(path: string): string {
  return path.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
