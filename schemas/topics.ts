/** The one topic of canonical events. */
export const EVENTS_TOPIC = 'integration-events';

/** Observations on their way to the resolver, which publishes what they mean to EVENTS_TOPIC. */
export const OBSERVATIONS_TOPIC = 'integration-observations';

/** The resolver's subscription of the observations. */
export const RESOLVER_SUBSCRIPTION = 'resolver';

/** Where messages go that no consumer could handle; kept by the subscription of the same name. */
export const DEAD_LETTER_TOPIC = 'integration-events-dead-letter';

/** Writes what the events topic carried into integration_events_published: proof of passage. */
export const PUBLISHED_SUBSCRIPTION = 'integration-events-published';

/** The same for the observations. */
export const OBSERVATIONS_PUBLISHED_SUBSCRIPTION = 'integration-observations-published';

/** Where Secret Manager tells of new versions, so that processes drop their copies. */
export const SECRET_EVENTS_TOPIC = 'secret-events';
