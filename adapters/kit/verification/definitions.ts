import type { FromSchema } from '../schema-type.ts';

/*
 * JSON Schemas of the `verification` part of a definition. They are values and types at once:
 * `FromSchema` reads the type off the value.
 */

const place = { type: 'string', enum: ['header', 'query', 'body-pointer'] } as const;
const name = { type: 'string', minLength: 1, maxLength: 512 } as const;

/** A value of a request: where it is read, and under which name or pointer. */
export const placedSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['from', 'name'],
  properties: { from: place, name },
} as const;

const headerName = { type: 'string', format: 'header-name' } as const;
const word = { type: 'string', minLength: 1, maxLength: 64 } as const;
const separator = { type: 'string', minLength: 1, maxLength: 4, default: ',' } as const;
const pem = { type: 'string', maxLength: 8192 } as const;

const signature = {
  type: 'object',
  additionalProperties: false,
  required: ['from', 'name'],
  properties: {
    from: place,
    name,
    alternateNames: { type: 'array', maxItems: 4, items: name, default: [] },
    parse: { type: 'string', enum: ['raw', 'prefix', 'kv-list', 'space-list'], default: 'raw' },
    prefix: word,
    key: word,
    separator,
    encoding: {
      type: 'string',
      enum: ['hex', 'base64', 'base64url', 'hex-dashed'],
      default: 'hex',
    },
    multipleSignatures: { type: 'string', enum: ['any', 'refuse'], default: 'any' },
  },
} as const;

export const secretSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    encoding: { type: 'string', enum: ['utf8', 'base64', 'hex'], default: 'utf8' },
    prefix: { type: 'string', maxLength: 64, default: '' },
  },
} as const;

const timestamp = {
  type: 'object',
  additionalProperties: false,
  required: ['from', 'name', 'unit'],
  properties: {
    from: place,
    name,
    key: word,
    separator,
    unit: { type: 'string', enum: ['s', 'ms', 'iso8601'] },
    toleranceSeconds: { type: 'integer', minimum: 1, maximum: 86_400, default: 300 },
    futureSkewSeconds: { type: 'integer', minimum: 0, maximum: 86_400, default: 60 },
  },
} as const;

/** What every scheme that signs content shares. */
const signed = {
  signature,
  timestamp,
  id: placedSchema,
  uri: {
    type: 'object',
    additionalProperties: false,
    default: {},
    properties: {
      base: { type: 'string', format: 'uri-base', maxLength: 512, default: 'configured' },
      decode: { type: 'string', enum: ['none', 'listed'], default: 'none' },
    },
  },
  bodyUnsigned: { type: 'boolean', default: false },
  unsignedPing: { type: 'string', enum: ['reject', 'ack-and-drop'], default: 'reject' },
} as const;

const hashAlgorithm = {
  type: 'string',
  enum: ['sha256', 'sha384', 'sha512', 'sha1'],
  default: 'sha256',
} as const;
const legacy = { type: 'boolean', default: false } as const;

const hmac = {
  type: 'object',
  additionalProperties: false,
  required: ['scheme', 'signature'],
  properties: {
    scheme: { const: 'hmac' },
    algorithm: hashAlgorithm,
    legacy,
    ...signed,
    secret: secretSchema,
    content: { type: 'string', minLength: 1, maxLength: 1024, default: '{body}' },
  },
} as const;

const digest = {
  type: 'object',
  additionalProperties: false,
  required: ['scheme', 'signature'],
  properties: {
    scheme: { const: 'digest' },
    algorithm: hashAlgorithm,
    legacy,
    ...signed,
    secret: secretSchema,
    content: { type: 'string', minLength: 1, maxLength: 1024, default: '{secret}{body}' },
  },
} as const;

const publicKey = {
  type: 'object',
  additionalProperties: false,
  required: ['scheme', 'algorithm', 'signature'],
  properties: {
    scheme: { const: 'public-key' },
    algorithm: { type: 'string', enum: ['ed25519', 'rsa-sha256', 'ecdsa-p256-sha256'] },
    ecdsaFormat: { type: 'string', enum: ['der', 'ieee-p1363'], default: 'der' },
    publicKey: pem,
    ...signed,
    content: { type: 'string', minLength: 1, maxLength: 1024, default: '{body}' },
  },
} as const;

const token = {
  type: 'object',
  additionalProperties: false,
  required: ['from', 'name'],
  properties: {
    from: { type: 'string', enum: ['header', 'query'] },
    name,
    prefix: word,
  },
} as const;

const staticToken = {
  type: 'object',
  additionalProperties: false,
  required: ['scheme', 'token'],
  properties: { scheme: { const: 'static-token' }, token },
} as const;

const basic = {
  type: 'object',
  additionalProperties: false,
  required: ['scheme', 'username'],
  properties: {
    scheme: { const: 'basic' },
    username: { type: 'string', format: 'basic-username', maxLength: 256 },
  },
} as const;

const jwt = {
  type: 'object',
  additionalProperties: false,
  required: ['scheme', 'algorithm'],
  properties: {
    scheme: { const: 'jwt' },
    algorithm: { type: 'string', enum: ['HS256', 'RS256', 'ES256'] },
    publicKey: pem,
    secret: secretSchema,
    header: { ...headerName, default: 'Authorization' },
    prefix: { type: 'string', maxLength: 64, default: 'Bearer ' },
    issuer: { type: 'string', minLength: 1, maxLength: 512 },
    audience: { type: 'string', minLength: 1, maxLength: 512 },
    clockSkewSeconds: { type: 'integer', minimum: 0, maximum: 600, default: 60 },
  },
} as const;

const none = {
  type: 'object',
  additionalProperties: false,
  required: ['scheme'],
  properties: { scheme: { const: 'none' } },
} as const;

export const verificationSchema = {
  type: 'array',
  minItems: 1,
  maxItems: 4,
  items: {
    type: 'object',
    required: ['scheme'],
    discriminator: { propertyName: 'scheme' },
    oneOf: [hmac, digest, publicKey, staticToken, basic, jwt, none],
  },
} as const;

export type HashDefinition = FromSchema<typeof hmac> | FromSchema<typeof digest>;
export type PublicKeyDefinition = FromSchema<typeof publicKey>;
export type SignedDefinition = HashDefinition | PublicKeyDefinition;
export type StaticTokenDefinition = FromSchema<typeof staticToken>;
export type BasicDefinition = FromSchema<typeof basic>;
export type JwtDefinition = FromSchema<typeof jwt>;
export type SignatureDefinition = FromSchema<typeof signature>;
export type TimestampDefinition = FromSchema<typeof timestamp>;
export type SecretDefinition = FromSchema<typeof secretSchema>;
export type SchemeDefinition = FromSchema<typeof verificationSchema>[number];
export type Place = FromSchema<typeof place>;
export type Placed = FromSchema<typeof placedSchema>;
