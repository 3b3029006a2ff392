import { z } from 'zod';

/** What can go wrong with the sending of changes. */
export const MISBEHAVIOURS = [
  'duplicate',
  'reorder',
  'delay',
  'drop',
  'bad_signature',
  'late',
  'huge_batch',
  'slow',
] as const;

export const emitOptionsSchema = z.strictObject({
  type: z.string().optional().describe('A kind of change; by default each one is random.'),
  misbehave: z
    .enum(MISBEHAVIOURS)
    .optional()
    .describe(
      'duplicate: every request is sent twice. reorder: changes are shuffled before they are cut into requests. delay: requests wait delay_ms first. drop: nothing is sent. bad_signature: signed with another secret, and never sent again. late: the first attempt states a time five minutes ago, where the provider states one. huge_batch: all changes in one request, whatever the provider allows; a provider that regroups sends them again in its own size. slow: the body takes delay_ms to be sent.',
    ),
  delay_ms: z
    .int()
    .min(0)
    .max(600_000)
    .default(3_000)
    .optional()
    .describe('For delay and slow. Default 3,000; divided by the time scale of the sandbox.'),
});

/** How changes are made and sent. */
export type EmitOptions = z.infer<typeof emitOptionsSchema>;
export type Misbehaviour = (typeof MISBEHAVIOURS)[number];
