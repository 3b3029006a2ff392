// What stands in for providers' APIs in tests of the whole product: Zoho's organization, which takes the
// tokens that the sandbox of authorisation servers has given out, and an address that takes one API key.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ProviderHost {
  readonly url: string;
  /** Whom Zoho's tokens are asked of: the sandbox's own address. */
  authority: string;
  close(): Promise<void>;
}

/** @param apiKey the key that `/shop/ok` takes, as a bearer token */
export async function startProviderHost(apiKey: string): Promise<ProviderHost> {
  const host = { url: '', authority: '' };
  const answer = async (request: IncomingMessage): Promise<[number, unknown]> => {
    const { authorization = '' } = request.headers;
    if (request.url === '/shop/ok') return [authorization === `Bearer ${apiKey}` ? 200 : 401, {}];
    const asked = await fetch(`${host.authority}/sandbox/whoami`, { headers: { authorization } });
    if (!asked.ok) return [401, { code: 'INVALID_TOKEN' }];
    if (request.url !== '/crm/v8/org') return [404, { code: 'NOT_FOUND' }];
    return [200, { org: [{ zgid: '4150868', company_name: 'Acme of Zoho' }] }];
  };
  const server = createServer((request, response) => {
    answer(request).then(
      ([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      },
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(host, {
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
