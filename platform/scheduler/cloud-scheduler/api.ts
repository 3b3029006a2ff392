import { CloudSchedulerClient } from '@google-cloud/scheduler';
import { status as Code } from '@grpc/grpc-js';
import { grpcCode } from '#platform/google/call-error.ts';
import { clientOptions, type PlainEndpoint } from '#platform/google/client-options.ts';
import { UnaryCalls } from '#platform/google/unary-calls.ts';
import { JobNotFound, ResourceMissing } from '#schemas/problems.ts';
import { translate } from './errors.ts';
import { UPDATE_MASK, type WireJob } from './wire-job.ts';

const NEVER: ReadonlySet<Code> = new Set();
const UNAVAILABLE: ReadonlySet<Code> = new Set([Code.UNAVAILABLE]);
/** A failed update is to be repeated until it succeeds (Google's proto). */
const FAILED: ReadonlySet<Code> = new Set([
  Code.UNAVAILABLE,
  Code.INTERNAL,
  Code.ABORTED,
  Code.UNKNOWN,
]);

/** What can be done to a job by its name, and after which failures it may be done again. */
const ACTS = {
  getJob: { permission: 'cloudscheduler.jobs.get', retryCodes: UNAVAILABLE },
  pauseJob: { permission: 'cloudscheduler.jobs.pause', retryCodes: UNAVAILABLE },
  resumeJob: { permission: 'cloudscheduler.jobs.enable', retryCodes: UNAVAILABLE },
  // Done twice, the second would report a job that is not there, or run it twice.
  deleteJob: { permission: 'cloudscheduler.jobs.delete', retryCodes: NEVER },
  runJob: { permission: 'cloudscheduler.jobs.run', retryCodes: NEVER },
} as const;

interface CallSpec {
  readonly permission: string;
  readonly resource: string;
  readonly routing: Readonly<Record<string, string>>;
  readonly retryCodes: ReadonlySet<Code>;
  /** Failing with this code is an answer: null. */
  readonly ignored?: Code;
}

/** The calls of Cloud Scheduler that we make, by full names of jobs. */
export class CloudSchedulerApi {
  readonly #calls: UnaryCalls;
  readonly #parent: string;

  constructor(
    projectId: string,
    parent: string,
    endpoint: PlainEndpoint | undefined,
    timeoutMs: number,
  ) {
    this.#parent = parent;
    const options = clientOptions(projectId, endpoint);
    this.#calls = new UnaryCalls(() => new CloudSchedulerClient(options), timeoutMs);
  }

  /** @returns null when there is one of this name */
  create(job: object): Promise<WireJob | null> {
    const parent = this.#parent;
    return this.#call(
      'createJob',
      { parent, job },
      {
        permission: 'cloudscheduler.jobs.create',
        resource: parent,
        routing: { parent },
        retryCodes: UNAVAILABLE,
        ignored: Code.ALREADY_EXISTS,
      },
    );
  }

  /** @returns null when there is none of this name */
  update(name: string, job: object): Promise<WireJob | null> {
    return this.#call(
      'updateJob',
      { job, updateMask: UPDATE_MASK },
      {
        permission: 'cloudscheduler.jobs.update',
        resource: name,
        routing: { 'job.name': name },
        retryCodes: FAILED,
        ignored: Code.NOT_FOUND,
      },
    );
  }

  /** @returns null when it failed with the code to be ignored */
  act(method: keyof typeof ACTS, name: string, ignored?: Code): Promise<WireJob | null> {
    const spec = { ...ACTS[method], resource: name, routing: { name } };
    return this.#call(method, { name }, { ...spec, ...(ignored !== undefined && { ignored }) });
  }

  async list(): Promise<WireJob[]> {
    const parent = this.#parent;
    const jobs: WireJob[] = [];
    for (let pageToken = ''; ; ) {
      const page = await this.#call<{ jobs?: WireJob[]; nextPageToken?: string }>(
        'listJobs',
        { parent, pageToken },
        {
          permission: 'cloudscheduler.jobs.list',
          resource: parent,
          routing: { parent },
          retryCodes: UNAVAILABLE,
        },
      );
      jobs.push(...(page?.jobs ?? []));
      pageToken = page?.nextPageToken ?? '';
      if (pageToken === '') return jobs;
    }
  }

  close(): Promise<void> {
    return this.#calls.close();
  }

  async #call<Answer = WireJob>(
    method: string,
    request: object,
    { permission, resource, routing, retryCodes, ignored }: CallSpec,
  ): Promise<Answer | null> {
    try {
      return await this.#calls.call<Answer>(method, request, { routing, retryCodes });
    } catch (error) {
      if (ignored !== undefined && grpcCode(error) === ignored) return null;
      const job = resource.split('/jobs/')[1];
      const notFound = () =>
        job === undefined
          ? new ResourceMissing(`${resource} does not exist, or has no Cloud Scheduler.`)
          : new JobNotFound(`There is no scheduled job ${job}.`);
      throw translate(error, { permission, resource, notFound });
    }
  }
}
