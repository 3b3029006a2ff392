// Loaded into a process before its own code (--import): lets the parent set its clock. What Date says
// jumps, and timers and performance.now() do not, as when a machine's clock is set. Native code and
// child processes keep the true time; Postgres in WebAssembly asks Date.
const RealDate = Date;
let offsetMs = 0;

class JumpingDate extends RealDate {
  constructor(...given: unknown[]) {
    // The parts that Date takes have many forms, and all of them are passed on.
    if (given.length === 0) super(RealDate.now() + offsetMs);
    else super(...(given as ConstructorParameters<DateConstructor>));
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

globalThis.Date = JumpingDate as DateConstructor;

process.on('message', (message: { readonly clockOffsetMs?: number }) => {
  if (message.clockOffsetMs !== undefined) offsetMs = message.clockOffsetMs;
});
// Listening must not keep the process alive.
process.channel?.unref();
