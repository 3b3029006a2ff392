import { status as Code } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { failureName, failureReason, grpcCode, missingPermission } from './call-error.ts';

const ASKED = { permission: 'a.b.c', resource: 'projects/p' };

describe('error of a call', () => {
  it.each([
    { name: 'a gRPC error', error: { code: 14 }, code: Code.UNAVAILABLE, text: 'UNAVAILABLE' },
    { name: 'a code that gRPC has not', error: { code: 99 }, code: undefined, text: 'unknown' },
    {
      name: 'an error of the system',
      error: Object.assign(new TypeError('x'), { code: 'ENOENT' }),
      code: undefined,
      text: 'TypeError',
    },
    { name: 'nothing', error: undefined, code: undefined, text: 'unknown' },
  ])('has the code of $name', ({ error, code, text }) => {
    expect(grpcCode(error)).toBe(code);
    expect(failureName(error)).toBe(text);
  });

  it.each([
    { reason: 'SERVICE_DISABLED', expected: 'SERVICE_DISABLED' },
    { reason: 'some words', expected: undefined },
    { reason: undefined, expected: undefined },
  ])('has the reason $expected', ({ reason, expected }) => {
    expect(failureReason({ reason })).toBe(expected);
  });

  it.each([
    {
      name: 'google.rpc.ErrorInfo',
      error: { errorInfoMetadata: { permission: 'x.y.z', resource: 'projects/q' } },
      expected: { permission: 'x.y.z', resource: 'projects/q' },
    },
    {
      name: "Cloud Scheduler's words",
      error: {
        details:
          'The principal (user or service account) lacks IAM permission "iam.serviceAccounts.actAs" for the resource "sa@p.iam.gserviceaccount.com" (or the resource may not exist).',
      },
      expected: {
        permission: 'iam.serviceAccounts.actAs',
        resource: 'sa@p.iam.gserviceaccount.com',
      },
    },
    {
      name: "Secret Manager's words",
      error: {
        details:
          "Permission 'secretmanager.versions.access' denied for resource 'projects/p/secrets/s/versions/latest' (or it may not exist).",
      },
      expected: {
        permission: 'secretmanager.versions.access',
        resource: 'projects/p/secrets/s/versions/latest',
      },
    },
    { name: 'what was asked for', error: { details: 'No.' }, expected: ASKED },
  ])('names the permission by $name', ({ error, expected }) => {
    expect(missingPermission(error, ASKED)).toEqual(expected);
  });
});
