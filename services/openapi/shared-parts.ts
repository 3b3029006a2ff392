import { KEY_PATTERN } from '../http/idempotency.ts';
import type { Parameter } from './document-types.ts';

/** Ways to say who calls. A browser's session needs its token besides, where it changes something. */
export const SECURITY_SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key, a token of your identity provider, or the token of the installation.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'tributary_session',
    description: 'The session of a browser that is signed in to the console.',
  },
  csrf: {
    type: 'apiKey',
    in: 'header',
    name: 'X-CSRF-Token',
    description: 'The token of that session, for requests that change something.',
  },
} as const;

/** Parameters that many operations have. */
export const PARAMETERS: Readonly<Record<'OrgId' | 'IdempotencyKey', Parameter>> = {
  OrgId: {
    name: 'X-Org-Id',
    in: 'header',
    description:
      'The organisation to act for, where the credential belongs to none; `platform` is what all organisations share. Ignored where the credential has an organisation.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' },
    example: 'org_1',
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'A key of your own for this request. Sent again with the same key within 24 hours, it is answered as before and acts once.',
    schema: { type: 'string', pattern: KEY_PATTERN },
    example: '5f0c7f0e-7c53-4a53-8a2b-0d6a4e1f9c11',
  },
};

/** Headers that many answers have. */
export const HEADERS = {
  RateLimit: {
    description: 'Requests that are left, and the seconds until all are there again.',
    schema: { type: 'string' },
    example: '"default";r=99;t=1',
  },
  RetryAfter: {
    description: 'Seconds to wait before the same request is sent again.',
    schema: { type: 'integer' },
    example: 1,
  },
  IdempotencyReplayed: {
    description: '`true` where the answer is the one that was given to the key before.',
    schema: { type: 'string' },
    example: 'true',
  },
} as const;

/** What each part of the API is about. Those without an operation are left out of the document. */
export const TAGS: Readonly<Record<string, string>> = {
  access: 'Who may call the API.',
  'api keys': 'Credentials for programs.',
  audit: 'The proof that nothing is lost, and the record of who changed what.',
  connections: 'Provider accounts that send webhooks and are called.',
  consumers: 'The parts of the product that act on events.',
  'dead letters': 'Messages that a consumer could not handle.',
  events: 'The outbox: canonical events, each once.',
  health: 'Whether connections and the way of events work.',
  oauth: "Consents of providers' users.",
  providers: 'The providers there are, and what a connection to each needs.',
  readiness: 'Whether a provider can be onboarded, with the evidence.',
  reconcile: 'Comparing outbox and bus, and healing what one side lacks.',
  replays: 'Publishing a part of the outbox again.',
  sessions: 'Signing in to the console.',
  webhooks: 'Requests of providers.',
};
