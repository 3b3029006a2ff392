import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import type { ProblemKind } from '#schemas/problem.ts';
import type { Access } from '../access/access.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Problems that the route answers with besides those that follow from its access and its schemas. */
    readonly problems?: readonly { readonly kind: ProblemKind }[];
  }
}

/** What a route says of itself in its `config`, beside its operation until the document is complete. */
export interface RouteFacts {
  readonly access: Access;
  readonly idempotent: boolean;
  readonly secretFields: readonly string[];
  readonly problems: readonly string[];
}

export const FACTS = 'x-route-facts';

/** A route in OpenAPI: its zod schemas as JSON Schema, and what its `config` says. */
export const describeRoute: typeof jsonSchemaTransform = (documented) => {
  const { schema, url } = jsonSchemaTransform(documented);
  const {
    access,
    idempotent = false,
    secretFields = [],
    problems = [],
  } = documented.route.config ?? {};
  if (!access) return { url, schema };
  const codes = problems.map(({ kind }) => kind.code);
  const facts: RouteFacts = { access, idempotent, secretFields, problems: codes };
  return { url, schema: { ...schema, [FACTS]: facts } };
};
