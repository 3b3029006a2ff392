import type { FastifyInstance, FastifyRequest } from 'fastify';
import { NotFound } from '#schemas/problems.ts';

/** Work the scheduler asks for. Resolves when it is done; throwing makes the scheduler try again. */
export type Task = () => Promise<Record<string, unknown>>;

/** Lets a call of the scheduler pass. @throws NotAuthenticated */
export type AuthenticateScheduler = (request: FastifyRequest) => Promise<void>;

export interface TaskRouteOptions {
  readonly tasks: ReadonlyMap<string, Task>;
  readonly authenticate: AuthenticateScheduler;
}

/** `POST /tasks/{task}`: called by the scheduler with an OIDC token. */
export async function taskRoutes(app: FastifyInstance, options: TaskRouteOptions): Promise<void> {
  app.post('/tasks/:task', { schema: { hide: true } }, async (request) => {
    await options.authenticate(request);
    const { task: name } = request.params as { task: string };
    const task = options.tasks.get(name);
    if (!task) throw new NotFound(`There is no task ${name}.`);
    return task();
  });
}
