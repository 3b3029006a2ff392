/** The parts of an OpenAPI 3.1 document that this service writes, and what is generated from it reads. */
export interface OpenApiDocument {
  openapi: string;
  info: object;
  tags?: Tag[];
  paths: Record<string, PathItem>;
  components: Components;
}

export interface Components {
  schemas: Record<string, Schema>;
  parameters?: Record<string, Parameter>;
  headers?: Record<string, object>;
  securitySchemes?: Record<string, object>;
}

export interface Tag {
  name: string;
  description: string;
}

export type PathItem = Partial<Record<Method, Operation>>;
export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';

export interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: (Parameter | Reference)[];
  requestBody?: RequestBody;
  responses: Record<string, Response>;
  security?: Record<string, string[]>[];
  [extension: `x-${string}`]: unknown;
}

export interface Parameter {
  name: string;
  in: 'query' | 'header' | 'path';
  required?: boolean;
  description?: string;
  schema: Schema;
  example?: unknown;
}

export interface RequestBody {
  required?: boolean;
  description?: string;
  content: Record<string, Media>;
}

export interface Response {
  description: string;
  headers?: Record<string, object>;
  content?: Record<string, Media>;
}

export interface Media {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

export interface Reference {
  $ref: string;
}

/** JSON Schema 2020-12, as far as zod writes it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  title?: string;
  format?: string;
  pattern?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  items?: boolean | Schema;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
}

const COMPONENT = '#/components/schemas/';

/** The schema itself, or the component it refers to. */
export function resolveSchema(schema: Schema, components: Components): Schema {
  if (!schema.$ref) return schema;
  const found = components.schemas[schema.$ref.slice(COMPONENT.length)];
  if (!found) throw new Error(`${schema.$ref} leads nowhere.`);
  return resolveSchema(found, components);
}
