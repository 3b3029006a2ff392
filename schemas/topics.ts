/** The one topic of canonical events. */
export const EVENTS_TOPIC = 'integration-events';

/** Where messages go that no consumer could handle; kept by the subscription of the same name. */
export const DEAD_LETTER_TOPIC = 'integration-events-dead-letter';

/** Writes what the events topic carried into integration_events_published: proof of passage. */
export const PUBLISHED_SUBSCRIPTION = 'integration-events-published';

/** Where Secret Manager tells of new versions, so that processes drop their copies. */
export const SECRET_EVENTS_TOPIC = 'secret-events';
