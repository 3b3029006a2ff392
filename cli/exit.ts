/** Exit codes of the command line; README lists them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  serverUnreachable: 3,
  /** Of the audit: nothing is missing, and not all is there yet. */
  notYet: 4,
} as const;

/** Ends a command with a message for the user and an exit code. */
export class CommandFailed extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.name = 'CommandFailed';
    this.exitCode = exitCode;
  }
}
