import { z } from 'zod';

export const emitOptionsSchema = z.strictObject({
  type: z.string().optional().describe('A subscription type; by default each change is random.'),
  misbehave: z
    .enum(['duplicate', 'reorder', 'bad_signature', 'late', 'drop'])
    .optional()
    .describe('What goes wrong with the sending of these changes.'),
});

/** How changes are made and sent. */
export type EmitOptions = z.infer<typeof emitOptionsSchema>;
