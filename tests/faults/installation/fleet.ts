import type { TcpProxy } from '#platform/testing/tcp-proxy.ts';
import type { ServingProcess } from './process.ts';

/** `all` is the one process of the embedded default. */
export type Role = 'all' | 'intake' | 'worker' | 'control';

export interface FleetOptions {
  /** Address of each role, kept while processes come and go. */
  readonly fronts: ReadonlyMap<Role, TcpProxy>;
  readonly launch: (role: Role) => Promise<ServingProcess>;
  /** Roles of which two processes may run at once. */
  readonly overlapping: ReadonlySet<Role>;
  /** What stands in the way of the next process after one was killed. */
  readonly afterKill?: (role: Role) => Promise<void>;
}

/** The processes of an installation, one for each role. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #running = new Map<Role, ServingProcess>();
  /** Ends by SIGTERM that were not in order: an exit code other than 0, or a cut-off drain. */
  readonly badEnds: string[] = [];
  kills = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get roles(): Role[] {
    return [...this.#options.fronts.keys()];
  }

  /** At the same time, as after a deployment. */
  async startAll(): Promise<void> {
    await Promise.all(this.roles.map((role) => this.start(role)));
  }

  /** Does nothing when one runs. */
  async start(role: Role): Promise<void> {
    if (this.#running.has(role)) return;
    this.#enter(role, await this.#options.launch(role));
  }

  async kill(role: Role): Promise<void> {
    const process = this.#running.get(role);
    if (!process) return;
    this.#running.delete(role);
    this.kills += 1;
    await process.kill();
    await this.#options.afterKill?.(role);
  }

  async stop(role: Role): Promise<void> {
    const process = this.#running.get(role);
    this.#running.delete(role);
    if (process) await this.#drain(role, process);
  }

  /** A new process takes over, then the old one drains; where only one may run, one after the other. */
  async rollOver(role: Role): Promise<void> {
    const old = this.#running.get(role);
    if (!this.#options.overlapping.has(role)) await this.stop(role);
    this.#enter(role, await this.#options.launch(role));
    if (old && this.#options.overlapping.has(role)) await this.#drain(role, old);
  }

  setClock(role: Role, offsetMs: number): void {
    this.#running.get(role)?.setClock(offsetMs);
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.roles.map((role) => this.stop(role)));
  }

  /** Whatever state they are in. */
  async killAll(): Promise<void> {
    const processes = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(processes.map((process) => process.kill()));
  }

  #enter(role: Role, process: ServingProcess): void {
    this.#running.set(role, process);
    this.#options.fronts.get(role)?.pointTo(process.endpoint);
  }

  async #drain(role: Role, process: ServingProcess): Promise<void> {
    const { exitCode, elapsedMs } = await process.stop();
    if (exitCode === 0) return;
    this.badEnds.push(`${role} ended with ${exitCode} after ${Math.round(elapsedMs)} ms`);
  }
}
