import { Problem, type ProblemKind } from './problem.ts';

/** Makes the base class of one problem; the named subclass below is what code throws and catches. */
function problem(code: string, status: number, title: string, next: ProblemKind['next']) {
  const kind: ProblemKind = { code, status, title, next };
  PROBLEM_KINDS.push(kind);
  return class extends Problem {
    static readonly kind = kind;
    readonly kind = kind;
  };
}

/** Every problem there is, in the order of declaration. docs/errors.md holds the same list. */
export const PROBLEM_KINDS: ProblemKind[] = [];

// Incoming webhooks. What fails before verification answers WebhookNotVerified alone, so that an
// answer never tells which connections exist; the true reason goes to the request log.
export class WebhookNotVerified extends problem(
  'webhook_not_verified',
  401,
  'The request could not be verified',
  'authenticate',
) {}
export class ConnectionDisabled extends problem(
  'connection_disabled',
  403,
  'The connection is disabled',
  'ask_operator',
) {}
export class BodyTooLarge extends problem(
  'body_too_large',
  413,
  'The body is too large',
  'fix_request',
) {}
export class EncodingNotSupported extends problem(
  'encoding_not_supported',
  415,
  'The content encoding is not supported',
  'fix_request',
) {}
export class ContentTypeNotSupported extends problem(
  'content_type_not_supported',
  415,
  'The content type is not supported',
  'fix_request',
) {}
export class MethodNotAllowed extends problem(
  'method_not_allowed',
  405,
  'The provider does not send by this method',
  'fix_request',
) {}
export class InvalidJson extends problem(
  'invalid_json',
  400,
  'The body is not valid JSON',
  'fix_request',
) {}
export class InvalidBody extends problem(
  'invalid_body',
  422,
  'The body does not have the expected shape',
  'fix_request',
) {}
export class VerificationUnavailable extends problem(
  'verification_unavailable',
  503,
  'The request cannot be verified at the moment',
  'retry_later',
) {}
export class RateLimited extends problem('rate_limited', 429, 'Too many requests', 'retry_later') {}

// Acceptance.
export class InvalidEvent extends problem(
  'invalid_event',
  422,
  'The event is not a canonical event',
  'fix_request',
) {}
export class EventTooLarge extends problem(
  'event_too_large',
  422,
  'The event is too large to carry',
  'fix_request',
) {}
export class NotDurable extends problem(
  'not_durable',
  503,
  'The events could not be stored durably',
  'retry_later',
) {}
export class SpoolFull extends problem('spool_full', 503, 'The spool has no room', 'retry_later') {}

// The API.
export class NotAuthenticated extends problem(
  'not_authenticated',
  401,
  'A valid bearer token is required',
  'authenticate',
) {}
export class NotPermitted extends problem(
  'not_permitted',
  403,
  'The token does not allow this',
  'ask_operator',
) {}
export class OrgRequired extends problem(
  'org_required',
  400,
  'An organisation has to be named',
  'fix_request',
) {}
export class NotFound extends problem('not_found', 404, 'Not found', 'fix_request') {}
export class InvalidRequest extends problem(
  'invalid_request',
  400,
  'The request is not valid',
  'fix_request',
) {}
export class ConnectionExists extends problem(
  'connection_exists',
  409,
  'A connection of this provider has this name',
  'fix_request',
) {}
export class InvalidSettings extends problem(
  'invalid_settings',
  422,
  'The connection settings are not valid',
  'fix_request',
) {}
export class ReplayTooLarge extends problem(
  'replay_too_large',
  422,
  'The replay would publish more events than it may',
  'fix_request',
) {}
export class ReplayStateConflict extends problem(
  'replay_state_conflict',
  409,
  'The replay is in another state',
  'fix_request',
) {}
export class ReplayLimitReached extends problem(
  'replay_limit_reached',
  409,
  'There are too many of these already',
  'fix_request',
) {}
export class DeadLetterResolved extends problem(
  'dead_letter_resolved',
  409,
  'The dead letter is resolved',
  'fix_request',
) {}
export class ReconcileRunning extends problem(
  'reconcile_running',
  409,
  'A reconciliation is under way',
  'retry_later',
) {}
export class ShuttingDown extends problem(
  'shutting_down',
  503,
  'The server is shutting down',
  'retry_later',
) {}
export class InternalError extends problem(
  'internal_error',
  500,
  'Something failed on our side',
  'retry_later',
) {}

// Platform capabilities.
export class InvalidRow extends problem(
  'invalid_row',
  422,
  'A row does not fit its table',
  'fix_request',
) {}
export class WarehouseUnavailable extends problem(
  'warehouse_unavailable',
  503,
  'The warehouse did not confirm',
  'retry_later',
) {}
export class BusUnavailable extends problem(
  'bus_unavailable',
  503,
  'The bus did not confirm',
  'retry_later',
) {}
export class DatabaseUnavailable extends problem(
  'database_unavailable',
  503,
  'The database did not answer',
  'retry_later',
) {}
export class QueryTooCostly extends problem(
  'query_too_costly',
  422,
  'The query would read more than it may',
  'fix_request',
) {}
export class SecretsUnavailable extends problem(
  'secrets_unavailable',
  503,
  'The secret store did not answer',
  'retry_later',
) {}
export class SchedulerUnavailable extends problem(
  'scheduler_unavailable',
  503,
  'The scheduler did not answer',
  'retry_later',
) {}
// What only an operator can put right in the cloud: the message names the permission or the thing.
export class PermissionMissing extends problem(
  'permission_missing',
  503,
  'The service account lacks a permission',
  'ask_operator',
) {}
export class ResourceMissing extends problem(
  'resource_missing',
  503,
  'A cloud resource does not exist',
  'ask_operator',
) {}
export class SchemaMismatch extends problem(
  'schema_mismatch',
  503,
  'A table does not have the columns it needs',
  'ask_operator',
) {}
export class SecretNotFound extends problem(
  'secret_not_found',
  404,
  'The secret or its version does not exist',
  'fix_request',
) {}
export class SecretExists extends problem(
  'secret_exists',
  409,
  'A secret with this reference exists',
  'fix_request',
) {}
export class SecretUnreadable extends problem(
  'secret_unreadable',
  500,
  'The secret cannot be read',
  'ask_operator',
) {}
export class JobNotFound extends problem(
  'job_not_found',
  404,
  'The scheduled job does not exist',
  'fix_request',
) {}
export class InvalidConfig extends problem(
  'invalid_config',
  500,
  'The configuration is not valid',
  'ask_operator',
) {}
export class DataFolderInUse extends problem(
  'data_folder_in_use',
  500,
  'Another process uses this data folder',
  'ask_operator',
) {}
// Connections and the credentials they call their providers with.
export class PreconditionRequired extends problem(
  'precondition_required',
  428,
  'The request must state the version it changes',
  'fix_request',
) {}
export class PreconditionFailed extends problem(
  'precondition_failed',
  412,
  'It was changed meanwhile',
  'fix_request',
) {}
export class AccountConnected extends problem(
  'account_connected',
  409,
  'The account is connected already',
  'fix_request',
) {}
export class ConnectionDisconnected extends problem(
  'connection_disconnected',
  409,
  'The connection is disconnected',
  'fix_request',
) {}
export class IdempotencyKeyReused extends problem(
  'idempotency_key_reused',
  422,
  'The idempotency key was used for another request',
  'fix_request',
) {}
export class RequestInProgress extends problem(
  'request_in_progress',
  409,
  'The same request is under way',
  'retry_later',
) {}
export class SessionRequired extends problem(
  'session_required',
  401,
  'A signed-in browser is required',
  'authenticate',
) {}
export class CsrfRefused extends problem(
  'csrf_refused',
  403,
  'The request does not come from the console',
  'fix_request',
) {}
export class SignInLinkInvalid extends problem(
  'sign_in_link_invalid',
  401,
  'The sign-in link does not work any more',
  'authenticate',
) {}
export class CredentialsRefused extends problem(
  'credentials_refused',
  422,
  'The provider does not take the credentials',
  'fix_request',
) {}
export class ProviderRefused extends problem(
  'provider_refused',
  502,
  'The provider refused the request',
  'ask_operator',
) {}
export class ProviderUnavailable extends problem(
  'provider_unavailable',
  503,
  'The provider did not answer',
  'retry_later',
) {}
export class OauthClientMissing extends problem(
  'oauth_client_missing',
  409,
  'There is no OAuth client for the provider',
  'ask_operator',
) {}
export class OauthStateInvalid extends problem(
  'oauth_state_invalid',
  400,
  'The consent is not one that is awaited',
  'fix_request',
) {}
export class OauthWrongBrowser extends problem(
  'oauth_wrong_browser',
  403,
  'The consent was asked for in another browser',
  'fix_request',
) {}
export class OauthDenied extends problem(
  'oauth_denied',
  403,
  'The consent was not given',
  'fix_request',
) {}
export class OauthScopeMissing extends problem(
  'oauth_scope_missing',
  403,
  'The consent lacks a scope that is needed',
  'fix_request',
) {}
export class OauthCodeRefused extends problem(
  'oauth_code_refused',
  400,
  'The provider did not take the code',
  'fix_request',
) {}
