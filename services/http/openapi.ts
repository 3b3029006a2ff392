import { z } from 'zod';

/** Problem details as the API documents them; see docs/errors.md for the codes. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('Stable; docs/errors.md lists all.'),
  detail: z.string(),
  next: z.enum(['fix_request', 'authenticate', 'retry_later', 'ask_operator']),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
});

/** Answers that every route may give besides its own. */
export const PROBLEMS = { '4xx': problemSchema, '5xx': problemSchema } as const;
