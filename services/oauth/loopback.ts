const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?(?:\/|$)/;

/** True for an http address of this machine itself. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.test(address);
}
