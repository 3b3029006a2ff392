import type { Resolve } from '#adapters/kit/resolution.ts';
import { eventNamed } from './definition.ts';
import { resolveAppointments } from './resolve-appointments.ts';
import { resolveMembership } from './resolve-membership.ts';

/**
 * Resolves the observations of appointments and memberships. The event they came by stands in the
 * payload, by the name it had when it was mapped.
 */
export const resolve: Resolve = (observation, known) => {
  const event = eventNamed(observation.payload.event_type);
  switch (event?.about) {
    case 'appointments':
      return resolveAppointments(observation, event, known);
    case 'membership':
      return resolveMembership(observation, event, known);
    default:
      return { events: [], note: 'unknown_type' };
  }
};
