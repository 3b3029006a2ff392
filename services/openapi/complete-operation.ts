import { PROBLEM_KINDS } from '#schemas/problems.ts';
import { accessText } from './access-text.ts';
import type { RouteFacts } from './describe-route.ts';
import type {
  Components,
  Method,
  Operation,
  Parameter,
  Reference,
  RequestBody,
  Response,
} from './document-types.ts';
import { exampleOf } from './example-of.ts';
import { isList } from './is-list.ts';
import { operationId } from './operation-id.ts';
import { problemCodes } from './problem-codes.ts';
import { mapSchema, mapValues, openToMoreFields, withoutNull } from './tidy-schema.ts';

const STATUSES: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Created.',
  202: 'Accepted.',
  204: 'Done; there is nothing to say.',
  302: 'Go there.',
  303: 'Go there.',
};
const UNDESCRIBED = 'Default Response';
const statusOf = new Map(PROBLEM_KINDS.map(({ code, status }) => [code, status]));

/**
 * An operation with what follows from its path and from what its route says of itself: name, access,
 * parameters that it shares with others, problems, examples.
 */
export function completeOperation(
  { method, path }: { readonly method: Method; readonly path: string },
  operation: Operation,
  facts: RouteFacts,
  components: Components,
): Operation {
  const { requestBody, parameters = [], responses } = operation;
  const codes = problemCodes(operation, path, facts);
  const allParameters = [
    ...parameters.map((one) => withExample(one, components)),
    ...sharedParameters(facts),
  ];
  return {
    operationId:
      operation.operationId ?? operationId(method, path, isList(path, method, operation)),
    summary: operation.summary,
    description: describe(operation, facts),
    tags: operation.tags,
    security: security(method, facts),
    'x-access': facts.access,
    ...(allParameters.length > 0 && { parameters: allParameters }),
    ...(requestBody && { requestBody: completeBody(requestBody, components) }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        /^[45]XX$/.test(status)
          ? describeProblems(status, response, codes)
          : completeResponse(status, response, facts, components),
      ]),
    ),
  };
}

function describe({ description }: Operation, facts: RouteFacts): string {
  const { access, idempotent, secretFields } = facts;
  const lost = secretFields.map((name) => `\`${name}\``).join(', ');
  return [
    description,
    idempotent &&
      `Takes an Idempotency-Key.${lost && ` An answer that is given again lacks ${lost}.`}`,
    accessText(access),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function security(method: Method, { access }: RouteFacts): Operation['security'] {
  if (access.by === 'anyone') return [];
  return [{ bearer: [] }, { session: [], ...(method !== 'get' && { csrf: [] }) }];
}

function sharedParameters({ access, idempotent }: RouteFacts): Reference[] {
  const isOfOrg = access.by !== 'anyone' && (access.scope === 'org' || access.scope === 'tenant');
  return [...(isOfOrg ? ['OrgId'] : []), ...(idempotent ? ['IdempotencyKey'] : [])].map((name) => ({
    $ref: `#/components/parameters/${name}`,
  }));
}

function withExample(
  parameter: Parameter | Reference,
  components: Components,
): Parameter | Reference {
  if ('$ref' in parameter || parameter.example !== undefined || 'examples' in parameter) {
    return parameter;
  }
  return { ...parameter, example: exampleOf(parameter.schema, components, parameter.name) };
}

/** A body that may be null may as well be left out. */
function completeBody(body: RequestBody, components: Components): RequestBody {
  const schemas = Object.values(body.content).map(({ schema }) => withoutNull(schema));
  return {
    ...body,
    required: schemas.every((schema) => schema === undefined),
    content: mapValues(body.content, (media) => {
      const schema = withoutNull(media.schema) ?? media.schema;
      if (media.example !== undefined || media.examples) return { ...media, schema };
      return { schema, example: exampleOf(schema, components) };
    }),
  };
}

function completeResponse(
  status: string,
  { description, headers, content }: Response,
  { access, idempotent }: RouteFacts,
  components: Components,
): Response {
  const given = description === UNDESCRIBED ? STATUSES[status] : undefined;
  return {
    description: given ?? description,
    headers: {
      ...headers,
      ...(access.by !== 'anyone' && { RateLimit: header('RateLimit') }),
      ...(idempotent && { 'Idempotency-Replayed': header('IdempotencyReplayed') }),
    },
    ...(content && {
      content: mapValues(content, (media) => {
        const schema = mapSchema(media.schema, openToMoreFields);
        if (media.example !== undefined || media.examples) return { ...media, schema };
        return { schema, example: exampleOf(schema, components) };
      }),
    }),
  };
}

function describeProblems(range: string, response: Response, codes: readonly string[]): Response {
  const own = codes.filter((code) => String(statusOf.get(code)).charAt(0) === range.charAt(0));
  return {
    description: `A problem. Among others: ${own.map((code) => `\`${code}\``).join(', ')}.`,
    headers: { 'Retry-After': header('RetryAfter') },
    ...(response.content && { content: response.content }),
  };
}

function header(name: string): Reference {
  return { $ref: `#/components/headers/${name}` };
}
