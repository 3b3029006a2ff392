import type { Step } from './steps.ts';

/** What goes wrong, on what, and what is asked of the product meanwhile. */
export interface Scenario {
  readonly name: string;
  readonly platform: 'embedded' | 'gcp';
  /** One line: what happens to the product. */
  readonly about: string;
  /** From the first fault to the end of the last. Events are sent before and after it too. */
  readonly during: readonly Step[];
  readonly expects?: Expectations;
  /** Longest time from the last acknowledgement until all is where it should be. Default 180,000 ms. */
  readonly healWithinMs?: number;
  readonly provider?: { readonly repeatShare?: number; readonly shuffles?: boolean };
  /** The clocks of the processes can be set. */
  readonly clock?: boolean;
  /** Embedded, on a disk of this size. */
  readonly diskMib?: number;
}

export interface Expectations {
  /**
   * While the fault lasts, of the acknowledged answers 99 of 100 come within this time, and no more
   * than 1 of 100 requests is refused or unanswered.
   */
  readonly ackP99Ms: number;
}
