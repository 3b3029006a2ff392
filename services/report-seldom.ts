/** While something is away every message meets it: one line tells of it, not thousands. */
const REPORT_MS = 10_000;

export type Report = (message: string, error: unknown) => void;

/** @returns tells at most once in 10 s; what comes between is not told */
export function reportSeldom(report: Report): Report {
  let reportedAtMs = Number.NEGATIVE_INFINITY;
  return (message, error) => {
    const nowMs = performance.now();
    if (nowMs - reportedAtMs < REPORT_MS) return;
    reportedAtMs = nowMs;
    report(message, error);
  };
}
