import { authorizationOf, type Call } from './call.ts';
import type { SandboxClient } from './options.ts';

/** The apps that are registered. */
export class Clients {
  readonly #clients: ReadonlyMap<string, SandboxClient>;

  constructor(clients: readonly SandboxClient[]) {
    this.#clients = new Map(clients.map((one) => [one.clientId, one]));
  }

  find(clientId: string | null): SandboxClient | undefined {
    return this.#clients.get(clientId ?? '');
  }

  first(): SandboxClient | undefined {
    return [...this.#clients.values()][0];
  }

  /** The app that a request proves to come from, by one of the ways that are allowed. */
  authenticate(
    call: Call,
    parameters: URLSearchParams,
    ways: readonly ('post' | 'basic')[],
  ): SandboxClient | undefined {
    const basic = authorizationOf(call, 'Basic');
    const posted = parameters.has('client_secret');
    // RFC 6749: one way for each request.
    if (basic !== undefined && posted) return undefined;
    const way = basic === undefined ? 'post' : 'basic';
    if (!ways.includes(way)) return undefined;
    const [id, secret] =
      basic === undefined
        ? [parameters.get('client_id'), parameters.get('client_secret')]
        : splitOnce(Buffer.from(basic, 'base64').toString('utf8'));
    const client = this.find(id);
    return client?.clientSecret === secret ? client : undefined;
  }
}

/** As the providers that take Basic read it: the halves are not URL-decoded, against RFC 6749. */
function splitOnce(text: string): [string, string] {
  const at = text.indexOf(':');
  return [text.slice(0, at), text.slice(at + 1)];
}
