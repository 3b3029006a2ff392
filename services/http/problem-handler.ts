import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { escapeToken } from '#adapters/kit/json-pointer.ts';
import { type Fault, Problem } from '#schemas/problem.ts';
import {
  BodyTooLarge,
  InternalError,
  InvalidRequest,
  NotAuthenticated,
  NotFound,
} from '#schemas/problems.ts';

type SchemaFault = NonNullable<FastifyError['validation']>[number];

/** The one place that turns errors into answers (RFC 9457). */
export function answerWithProblem(
  error: FastifyError | Problem,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const problem = toProblem(error);
  logProblem(problem, request);
  if (problem.retryAfterSeconds !== undefined) {
    reply.header('retry-after', String(problem.retryAfterSeconds));
  }
  if (problem instanceof NotAuthenticated) reply.header('www-authenticate', 'Bearer');
  reply.code(problem.status).type('application/problem+json').send(problem.toProblemDetails());
}

/** Logs what is a fault on our side. */
export function logProblem(problem: Problem, request: FastifyRequest): void {
  if (problem.status < 500) return;
  request.log.error({ err: problem, cause: causeOf(problem), code: problem.code }, problem.message);
}

/** For paths that no route serves. */
export function answerNotFound(request: FastifyRequest, reply: FastifyReply): void {
  const problem = new NotFound(
    `There is nothing at ${request.method} ${request.url.split('?')[0]}. See /openapi.json for what there is.`,
  );
  answerWithProblem(problem, request, reply);
}

/** The problem an error amounts to: ours as it is, Fastify's own by kind, any other as internal. */
export function toProblem(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const faults = error.validation.flatMap(faultsOf);
    const where = error.validationContext ?? 'request';
    return new InvalidRequest(`The ${where} is not valid; see errors.`, { faults });
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new BodyTooLarge('The body is larger than this server takes. Send less at once.');
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new InvalidRequest(error.message, { cause: error });
  }
  return new InternalError(
    'Something failed on our side. Try again; if it stays so, see the log.',
    {
      cause: error,
    },
  );
}

/** Where the input is not as it should be. A field too many is pointed at itself, not at what holds it. */
function faultsOf({ instancePath, keyword, params, message = 'not valid' }: SchemaFault): Fault[] {
  const pointer = instancePath === '/' ? '' : instancePath;
  const keys = keyword === 'unrecognized_keys' ? params.keys : undefined;
  if (!Array.isArray(keys)) return [{ pointer, message }];
  return keys.map((key) => ({
    pointer: `${pointer}/${escapeToken(String(key))}`,
    message: 'there is no such field',
  }));
}

function causeOf(problem: Problem): unknown {
  const cause = problem.cause;
  return cause instanceof Error
    ? { name: cause.name, message: cause.message, stack: cause.stack }
    : cause;
}
