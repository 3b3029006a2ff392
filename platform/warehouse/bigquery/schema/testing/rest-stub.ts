// Stands for BigQuery's REST API where the emulator has nothing: reading functions, row access policies,
// refusals. It keeps resources as they are sent, as BigQuery does, and notes every call.
import { createServer, type IncomingMessage } from 'node:http';

interface Resource {
  [name: string]: unknown;
}

interface Policy {
  readonly name: string;
  readonly predicate: string;
  readonly grantees: readonly string[];
}

export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

export interface RestStub extends AsyncDisposable {
  readonly restEndpoint: string;
  /** Method and path below the project, of every call. */
  readonly calls: string[];
  /** Bodies of the calls that change something, by method and path; statements by `POST /queries`. */
  readonly bodies: Map<string, Resource[]>;
  dataset: Resource | undefined;
  readonly tables: Map<string, Resource>;
  readonly routines: Map<string, Resource>;
  readonly policies: Map<string, Policy[]>;
  /** How often a statement is said to be running still. */
  pendingAnswers: number;
  /** Set: the answer to calls for which it gives one. */
  refuse: (call: string) => Refusal | undefined;
}

const POLICY =
  /^CREATE OR REPLACE ROW ACCESS POLICY (\w+)\nON `[^`]+`\.`[^`]+`\.`(\w+)`\nGRANT TO \((.*)\)\nFILTER USING \(\n([\s\S]*)\n\)$/;

export async function startRestStub(): Promise<RestStub> {
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    const answer = reply(stub, request.method ?? '', pathOf(request), body);
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('No port was given.');
  const stub: RestStub = {
    restEndpoint: `http://127.0.0.1:${address.port}`,
    calls: [],
    bodies: new Map(),
    dataset: undefined,
    tables: new Map(),
    routines: new Map(),
    policies: new Map(),
    pendingAnswers: 0,
    refuse: () => undefined,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return stub;
}

async function readBody(request: IncomingMessage): Promise<Resource> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : (JSON.parse(text) as Resource);
}

function pathOf(request: IncomingMessage): string {
  const { pathname } = new URL(request.url ?? '', 'http://stub');
  return pathname.replace(/^\/bigquery\/v2\/projects\/[^/]+/, '');
}

function reply(stub: RestStub, method: string, path: string, body: Resource) {
  const call = `${method} ${path}`;
  stub.calls.push(call);
  if (method !== 'GET') stub.bodies.set(call, [...(stub.bodies.get(call) ?? []), body]);
  const refusal = stub.refuse(call);
  if (refusal) return failure(refusal);
  if (path.startsWith('/queries')) {
    const refused = method === 'POST' ? runStatement(stub, body) : undefined;
    return refused ?? jobAnswer(stub);
  }
  const [, , dataset, collection, name, part] = path.split('/');
  if (part?.startsWith('rowAccessPolicies')) return policyReply(stub, name ?? '', path);
  if (collection === undefined) {
    if (method === 'POST') stub.dataset = body;
    return found(stub.dataset, `Not found: Dataset p:${dataset}`);
  }
  const resources = collection === 'tables' ? stub.tables : stub.routines;
  const key = name ?? idOf(body);
  if (method === 'POST') resources.set(key, collection === 'tables' ? asTable(body) : body);
  if (method === 'PUT') resources.set(key, body);
  if (method === 'PATCH') resources.set(key, { ...resources.get(key), ...body });
  return found(resources.get(key), `Not found: Table p:${dataset}.${key}`);
}

function asTable(body: Resource): Resource {
  return { ...body, type: body.view ? 'VIEW' : 'TABLE' };
}

function idOf({ tableReference, routineReference }: Resource): string {
  const { tableId, routineId } = (tableReference ?? routineReference) as Record<string, string>;
  return tableId ?? routineId ?? '';
}

function policyReply(stub: RestStub, table: string, path: string) {
  const policies = stub.policies.get(table) ?? [];
  const asked = /rowAccessPolicies\/(\w+):getIamPolicy$/.exec(path)?.[1];
  if (asked !== undefined) {
    const members = policies.find(({ name }) => name === asked)?.grantees;
    return {
      status: 200,
      body: { bindings: [{ role: 'roles/bigquery.filteredDataViewer', members }] },
    };
  }
  const rowAccessPolicies = policies.map(({ name, predicate }) => ({
    rowAccessPolicyReference: { policyId: name },
    // White space is not kept.
    filterPredicate: predicate.replaceAll(/\s+/g, ' '),
  }));
  return { status: 200, body: { rowAccessPolicies } };
}

function jobAnswer(stub: RestStub) {
  const jobComplete = stub.pendingAnswers <= 0;
  stub.pendingAnswers -= 1;
  return { status: 200, body: { jobComplete, jobReference: { jobId: 'job' } } };
}

/** @returns the refusal of what is no policy */
function runStatement(stub: RestStub, body: Resource) {
  const [, name = '', table = '', members = '', predicate = ''] =
    POLICY.exec(String(body.query)) ?? [];
  if (name === '') return failure({ status: 400, reason: 'invalidQuery', message: 'no policy' });
  const grantees = members.split(', ').map((member) => member.slice(1, -1));
  const others = (stub.policies.get(table) ?? []).filter((policy) => policy.name !== name);
  stub.policies.set(table, [...others, { name, predicate, grantees }]);
  return undefined;
}

function found(resource: Resource | undefined, missing: string) {
  return resource
    ? { status: 200, body: resource }
    : failure({ status: 404, reason: 'notFound', message: missing });
}

function failure({ status, reason, message }: Refusal) {
  return { status, body: { error: { code: status, message, errors: [{ reason, message }] } } };
}
