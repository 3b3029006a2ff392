import type { FastifyInstance } from 'fastify';
import { NotFound } from '#schemas/problems.ts';
import { ANYONE } from '../access/access.ts';

/** Work the scheduler asks for. Resolves when it is done; throwing makes the scheduler try again. */
export type Task = () => Promise<Record<string, unknown>>;

export interface TaskRouteOptions {
  readonly tasks: ReadonlyMap<string, Task>;
  /** Lets a call of the scheduler pass by its Authorization header. @throws NotAuthenticated */
  readonly verifyToken: (authorization: string | undefined) => Promise<unknown>;
}

/** `POST /tasks/{task}`: called by the scheduler with an OIDC token. */
export async function taskRoutes(app: FastifyInstance, options: TaskRouteOptions): Promise<void> {
  app.post('/tasks/:task', { config: ANYONE, schema: { hide: true } }, async (request) => {
    await options.verifyToken(request.headers.authorization);
    const { task: name } = request.params as { task: string };
    const task = options.tasks.get(name);
    if (!task) throw new NotFound(`There is no task ${name}.`);
    return task();
  });
}
