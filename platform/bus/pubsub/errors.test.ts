import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  BusUnavailable,
  InvalidRequest,
  PermissionMissing,
  ResourceMissing,
} from '#schemas/problems.ts';
import { type Operation, translateError } from './errors.ts';

const TOPIC = 'projects/acme/topics/events';
const SUBSCRIPTION = 'projects/acme/subscriptions/reader';

function fault(code: number, details = 'as Google put it', reason?: string): Error {
  return Object.assign(new Error(`${code}: ${details}`), { code, details, reason });
}

/** Pure: no server. The texts of details are those Google's service is known to send. */
describe('translateError', () => {
  it.each<{
    name: string;
    error: unknown;
    operation: Operation;
    resource: string;
    becomes: new (detail: string) => Error;
    says: RegExp;
  }>([
    {
      name: 'a publish that is not allowed',
      error: fault(status.PERMISSION_DENIED),
      operation: 'publish',
      resource: TOPIC,
      becomes: PermissionMissing,
      says: /pubsub\.topics\.publish on projects\/acme\/topics\/events.*acme is the right project/,
    },
    {
      name: 'consuming that is not allowed',
      error: fault(status.PERMISSION_DENIED),
      operation: 'consume',
      resource: SUBSCRIPTION,
      becomes: PermissionMissing,
      says: /pubsub\.subscriptions\.consume on projects\/acme\/subscriptions\/reader/,
    },
    {
      name: 'a check that is not allowed',
      error: fault(status.PERMISSION_DENIED),
      operation: 'getTopic',
      resource: TOPIC,
      becomes: PermissionMissing,
      says: /pubsub\.topics\.get on/,
    },
    {
      name: 'an API that is not enabled',
      error: fault(status.PERMISSION_DENIED, 'has not been used', 'SERVICE_DISABLED'),
      operation: 'publish',
      resource: TOPIC,
      becomes: ResourceMissing,
      says: /not enabled in project acme: enable pubsub\.googleapis\.com/,
    },
    {
      name: 'credentials that are refused',
      error: fault(status.UNAUTHENTICATED),
      operation: 'publish',
      resource: TOPIC,
      becomes: PermissionMissing,
      says: /did not accept the credentials/,
    },
    {
      name: 'a missing topic',
      error: fault(status.NOT_FOUND, 'Resource not found (resource=events).'),
      operation: 'publish',
      resource: TOPIC,
      becomes: ResourceMissing,
      says: /projects\/acme\/topics\/events does not exist: Terraform/,
    },
    {
      name: 'a wrong project',
      error: fault(
        status.NOT_FOUND,
        'Requested project not found or user does not have access to it (project=acme).',
      ),
      operation: 'publish',
      resource: TOPIC,
      becomes: ResourceMissing,
      says: /Project acme does not exist.*GOOGLE_CLOUD_PROJECT/,
    },
    {
      name: 'a refused request',
      error: fault(status.INVALID_ARGUMENT),
      operation: 'publish',
      resource: TOPIC,
      becomes: InvalidRequest,
      says: /refused publish/,
    },
    ...[
      status.UNAVAILABLE,
      status.DEADLINE_EXCEEDED,
      status.INTERNAL,
      status.ABORTED,
      status.FAILED_PRECONDITION,
    ].map((code) => ({
      name: status[code],
      error: fault(code),
      operation: 'publish' as const,
      resource: TOPIC,
      becomes: BusUnavailable,
      says: new RegExp(`did not confirm publish of ${TOPIC} \\(${status[code]}\\)`),
    })),
    {
      name: 'a quota that is used up',
      error: fault(status.RESOURCE_EXHAUSTED),
      operation: 'publish',
      resource: TOPIC,
      becomes: BusUnavailable,
      says: /quota/,
    },
    {
      name: 'what is no error of gRPC',
      error: 'The client has already been closed.',
      operation: 'publish',
      resource: TOPIC,
      becomes: BusUnavailable,
      says: /no code/,
    },
  ])('names $name', ({ error, operation, resource, becomes, says }) => {
    const problem = translateError(error, { operation, resource });
    expect(problem).toBeInstanceOf(becomes);
    expect(problem.message).toMatch(says);
    expect(problem.cause).toBe(error);
  });

  it('quotes nothing that Google wrote, which could quote an event', () => {
    for (const code of Object.values(status)) {
      if (typeof code !== 'number') continue;
      const error = fault(code, 'jane@example.com');
      const problem = translateError(error, { operation: 'publish', resource: TOPIC });
      expect(problem.message).not.toContain('jane');
    }
  });

  it('leaves a Problem as it is', () => {
    const problem = new BusUnavailable('mine');
    expect(translateError(problem, { operation: 'publish', resource: TOPIC })).toBe(problem);
  });
});
