import { jsonDecimal } from '#adapters/kit/sandbox/json-decimal.ts';
import { CENTER_NAME, type Center, utcText } from './bodies.ts';
import type { Fields } from './fields.ts';

export interface Membership {
  readonly id: string;
  readonly groupId: string;
  /** Decimal text. */
  readonly price: string;
  readonly tax: string;
  readonly credit: string;
}

const PLAN_ID = 'cccccccc-cccc-4ccc-8ccc-cccccccccccc';

/** Of a membership just bought. */
export function membershipData(
  { id, groupId, price, tax, credit }: Membership,
  guestId: string,
  atMs: number,
): Fields {
  return {
    guest_id: guestId,
    user_membership_id: id,
    group_user_membership_id: groupId,
    status: 1,
    recurrence_status: -1,
    membership: { id: PLAN_ID, name: 'Ten massages', code: 'TEN', type: 1 },
    purchase: {
      price: {
        currency_id: 148,
        sales: jsonDecimal(price),
        tax: jsonDecimal(tax),
        final: jsonDecimal(price),
      },
      date: utcText(atMs),
    },
    expiry_date: '0001-01-01T00:00:00',
    credit_balance: {
      total: jsonDecimal(credit),
      service: jsonDecimal(credit),
      product: 0,
      other: 0,
    },
    members: [],
  };
}

/** Of a membership that changed: without its guest. */
export function membershipChangeData(
  { id, groupId }: Membership,
  { centerId }: Center,
  change: Fields,
): Fields {
  return {
    user_membership_id: id,
    group_user_membership_id: groupId,
    status: 1,
    recurrence_status: 3,
    member_code: 'vvs356371',
    center: { id: centerId, name: CENTER_NAME },
    ...change,
  };
}
