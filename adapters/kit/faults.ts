import type { Fault } from '#schemas/problem.ts';
import { InvalidSettings } from '#schemas/problems.ts';

/** Notes one fault of a definition. The pointer leads into the settings: `/definition/…`. */
export type Report = (pointer: string, message: string) => void;

/**
 * Runs a compilation that reports faults, so that a user sees all of them at once.
 *
 * @throws InvalidSettings when any fault was reported
 */
export function collectFaults<T>(compile: (report: Report) => T): T {
  const faults: Fault[] = [];
  const result = compile((pointer, message) => faults.push({ pointer, message }));
  if (faults.length === 0) return result;
  throw invalidDefinition(faults);
}

/** The problem all faults of a definition end in. */
export function invalidDefinition(faults: readonly Fault[]): InvalidSettings {
  const first = faults[0];
  const where = first === undefined ? '' : ` First fault, at ${first.pointer}: ${first.message}`;
  return new InvalidSettings(
    `The definition of the custom adapter has ${faults.length} fault(s). Correct each place named in errors.${where}`,
    { faults },
  );
}
