import { z } from 'zod';

/** Settings of a custom connection: the definition as written; `bind` checks and compiles it. */
export const settingsSchema = z.strictObject({
  definition: z
    .record(z.string(), z.unknown())
    .describe('The definition of the adapter, as docs/providers/custom.md describes it.'),
});

export type CustomSettings = z.infer<typeof settingsSchema>;
