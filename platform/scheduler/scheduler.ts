export interface JobSpec {
  /** Unique; letters, digits, hyphens and underscores. */
  readonly name: string;
  /** Five-field cron expression. */
  readonly schedule: string;
  /** IANA zone the schedule is read in. Default UTC. */
  readonly timeZone?: string;
  /** Name of the task: the job POSTs to `/tasks/{task}` of the worker. */
  readonly task: string;
  /** JSON body of the call. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** A call answered by anything but 2xx is made again this often. Default 3. */
  readonly maxRetries?: number;
  /** Wait before the first retry, doubled for each further one. Default 5,000 ms. */
  readonly minBackoffMs?: number;
}

export interface Job extends JobSpec {
  readonly state: 'enabled' | 'paused';
  /** Of the last attempt; undefined before the first. `status` 0 means that no answer came. */
  readonly lastAttempt?: { readonly atMs: number; readonly status: number };
}

/** Runs jobs by the clock: each run is an authenticated POST to a task endpoint. */
export interface Scheduler {
  /** Creates the job or replaces its specification; a paused job stays paused. @throws InvalidRequest */
  upsert(spec: JobSpec): Promise<void>;
  /** @throws JobNotFound */
  pause(name: string): Promise<void>;
  /** @throws JobNotFound */
  resume(name: string): Promise<void>;
  /** Runs the job now, paused or not; returns when the call was made, whatever the answer. @throws JobNotFound */
  run(name: string): Promise<void>;
  /** @throws JobNotFound */
  delete(name: string): Promise<void>;
  list(): Promise<Job[]>;
  /** Stops the clock and waits for calls under way. */
  close(): Promise<void>;
}
