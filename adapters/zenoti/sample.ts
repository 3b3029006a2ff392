import type { SampleOptions, WebhookRequest } from '#adapters/kit/adapter.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import { groupData, progressData, statusData } from './appointment-bodies.ts';
import { type Center, envelope, guestData } from './bodies.ts';
import type { Fields } from './fields.ts';
import { PROGRESS_COMPLETED } from './infer-type.ts';
import { membershipData } from './membership-bodies.ts';
import { needsPathSecret, type ZenotiSettings } from './settings.ts';
import { signatureScheme } from './sign.ts';

/** What the data of a sample is made of. */
interface Scene {
  readonly center: Center;
  readonly nowMs: number;
  /** A GUID of this sample: the digit, and the sequence behind it. */
  guid(digit: string): string;
}

const GROUP = {
  id: '22222222-2222-4222-8222-222222222222',
  invoiceId: '11111111-1111-4111-8111-111111111111',
  invoiceNumber: '8086',
};
const ORGANIZATION_ID = '33333333-3333-4333-8333-333333333333';
const CENTER_ID = '44444444-4444-4444-8444-444444444444';
const HOUR_MS = 3_600_000;

/**
 * Event and data of each sample. All appointments of samples are of one group, so that the
 * cancelled status finds those that were created before.
 */
const SAMPLES: Readonly<Record<string, readonly [eventType: string, (scene: Scene) => Fields]>> = {
  'appointment.created': [
    'AppointmentGroup.Created',
    (scene) => groupData(GROUP, guestOf(scene), [appointmentOf(scene)], scene.center, scene.nowMs),
  ],
  'appointment.completed': [
    'Appointment.Completed',
    (scene) => {
      const completed = { ...appointmentOf(scene), progress: PROGRESS_COMPLETED };
      return progressData(GROUP, [completed], scene.center);
    },
  ],
  'appointment.cancelled': ['AppointmentGroup.Status', () => statusData(GROUP, -1)],
  'member.created': [
    'Guest.Created',
    (scene) => guestData(guestOf(scene), scene.center, scene.nowMs),
  ],
  'membership.created': [
    'Guest.Membership.Created',
    (scene) => {
      const prices = { price: '199.90', tax: '14.30', credit: '12.50' };
      const membership = { id: scene.guid('a'), groupId: scene.guid('b'), ...prices };
      return membershipData(membership, guestOf(scene).id, scene.nowMs);
    },
  ],
};

/** The first is the default. */
export const SAMPLE_NAMES: readonly string[] = Object.keys(SAMPLES);

/**
 * A signed request with one event, as Zenoti would send it, to the URL with its secret segment where
 * the settings require that.
 *
 * @throws InvalidRequest when there is no sample of that name
 * @throws InvalidSettings when the secret is not of `secret_encoding`
 */
export function sample(options: SampleOptions<ZenotiSettings>): WebhookRequest {
  const { name, settings, secret, nowMs, sequence } = options;
  const own = Object.hasOwn(SAMPLES, name) ? SAMPLES[name] : undefined;
  if (own === undefined) {
    throw new InvalidRequest(`There is no such sample. Use one of: ${SAMPLE_NAMES.join(', ')}.`);
  }
  const [eventType, makeData] = own;
  const center = {
    organizationId: settings.organization_id ?? ORGANIZATION_ID,
    centerId: settings.center_ids?.[0] ?? CENTER_ID,
  };
  const guid = (digit: string) => guidOfSequence(digit, sequence);
  const eventId = `66a2${hexOf(sequence, 20)}`;
  const callId = `66a3${hexOf(sequence, 20)}`;
  const body = envelope(
    { callId, eventId, eventType, atMs: nowMs },
    makeData({ center, nowMs, guid }),
  );
  const draft = {
    method: 'POST',
    url: needsPathSecret(settings) ? withPathSecret(options.url, secret) : options.url,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
    nowMs,
    sequence,
  };
  const {
    method,
    url,
    headers,
    body: bytes,
  } = settings.require_signature ? signatureScheme(settings).sign(draft, secret) : draft;
  return { method, url, headers, body: bytes, receivedAtMs: nowMs };
}

function guestOf({ guid }: Scene) {
  return {
    id: guid('5'),
    number: 683_768,
    firstName: 'Ada',
    lastName: 'Test',
    email: 'ada@example.com',
  };
}

function appointmentOf({ guid, nowMs }: Scene) {
  return { id: guid('6'), startMs: nowMs + 24 * HOUR_MS, minutes: 60 };
}

function guidOfSequence(digit: string, sequence: number): string {
  const [eight, three] = [digit.repeat(8), digit.repeat(3)];
  return `${eight}-${digit.repeat(4)}-4${three}-8${three}-${hexOf(sequence, 12)}`;
}

function hexOf(number: number, digits: number): string {
  return Math.abs(number).toString(16).padStart(digits, '0').slice(-digits);
}
