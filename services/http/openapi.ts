import { z } from 'zod';
import { PROBLEM_KINDS } from '#schemas/problems.ts';

const codes = PROBLEM_KINDS.map(({ code }) => code);

/** Problem details as the API documents them; see docs/errors.md for the codes. */
export const problemSchema = z
  .object({
    type: z.string().describe('The code as a URI.'),
    title: z.string().describe('What kind of problem it is. For people.'),
    status: z.int(),
    code: z
      .enum(codes)
      .meta({ examples: ['invalid_request'] })
      .describe('Stable; docs/errors.md says when each comes. New ones may be added.'),
    detail: z.string().describe('What is wrong here, and what to do about it. For people.'),
    next: z
      .enum(['fix_request', 'authenticate', 'retry_later', 'ask_operator'])
      .describe('What the caller does next.'),
    errors: z
      .array(z.object({ pointer: z.string().describe('A JSON Pointer.'), message: z.string() }))
      .optional()
      .describe('Where in the request each fault lies.'),
  })
  .meta({
    id: 'Problem',
    description: 'Problem details (RFC 9457).',
    examples: [
      {
        type: 'https://tributary.dev/errors#invalid_request',
        title: 'The request is not valid',
        status: 400,
        code: 'invalid_request',
        detail: 'The body is not valid; see errors.',
        next: 'fix_request',
        errors: [
          { pointer: '/name', message: 'Too small: expected string to have >=1 characters' },
        ],
      },
    ],
  });

const problem = { content: { 'application/problem+json': { schema: problemSchema } } };

/** Answers that every route may give besides its own. */
export const PROBLEMS = { '4xx': problem, '5xx': problem } as const;
