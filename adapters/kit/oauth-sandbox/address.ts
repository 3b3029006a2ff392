/**
 * Where a sandbox stands in for an address of a provider: `{sandbox}/{provider}/{host}{path}`. The host
 * stays part of it, so that a request to another region's server is one in the sandbox too.
 *
 * @param sandboxUrl scheme, host and port
 */
export function sandboxAddress(sandboxUrl: string, provider: string, address: string): string {
  const { host, pathname, search } = new URL(address);
  return `${sandboxUrl}/${provider}/${host}${pathname}${search}`;
}

/** What an address of the sandbox stands for; undefined when it stands for none. */
export function readSandboxAddress(
  path: string,
): { readonly provider: string; readonly host: string; readonly path: string } | undefined {
  const match = /^\/([a-z]+)\/([a-z0-9.:-]+\.[a-z]+)(\/[^?]*)/.exec(path);
  const [, provider, host, rest] = match ?? [];
  if (provider === undefined || host === undefined || rest === undefined) return undefined;
  return { provider, host, path: rest };
}
