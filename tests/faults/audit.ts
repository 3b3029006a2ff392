import type { Installation } from './installation/installation.ts';

/** What the product itself says of a span of time. */
export interface Audited {
  readonly totals: Readonly<Record<string, unknown>>;
  /** Undefined when it is proved that nothing is missing. */
  readonly fault: string | undefined;
}

/** Asks the product's own audit, over the scenario's time. */
export async function audit(installation: Installation, from: Date): Promise<Audited> {
  const to = new Date(Date.now() + 60_000).toISOString();
  const args = ['audit', '--from', from.toISOString(), '--to', to, '--json'];
  const { exitCode, stdout, stderr } = await installation.command(...args);
  try {
    const { verdict, totals } = JSON.parse(stdout) as {
      verdict: string;
      totals: Audited['totals'];
    };
    return { totals, fault: verdict === 'proved' ? undefined : `it says ${verdict}` };
  } catch {
    return { totals: {}, fault: `it ended with ${exitCode}: ${stderr.slice(-500)}` };
  }
}
