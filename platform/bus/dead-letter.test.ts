import { describe, expect, it } from 'vitest';
import { NotDurable } from '#schemas/problems.ts';
import { deadLetterMessage, failureReason, LeaseExpired } from './dead-letter.ts';

const cases: readonly {
  readonly name: string;
  readonly error: unknown;
  readonly reason: string;
}[] = [
  {
    name: 'a problem: name and code',
    error: new NotDurable('jane@example.com was not stored'),
    reason: 'NotDurable not_durable',
  },
  {
    name: 'an error of the system',
    error: Object.assign(new Error('connect 10.0.0.1'), { code: 'ECONNREFUSED' }),
    reason: 'Error ECONNREFUSED',
  },
  { name: 'a plain error', error: new TypeError('secret'), reason: 'TypeError' },
  { name: 'a lease', error: new LeaseExpired('60,000 ms'), reason: 'LeaseExpired' },
  {
    name: 'a name or code that holds values',
    error: Object.assign(new Error('x'), { name: 'Error for jane@example.com', code: 'a b' }),
    reason: 'unknown',
  },
  {
    name: 'a code that is a number',
    error: Object.assign(new Error('x'), { code: 5 }),
    reason: 'Error',
  },
  { name: 'something thrown that is no error', error: 'jane@example.com', reason: 'unknown' },
  { name: 'nothing thrown', error: undefined, reason: 'unknown' },
];

describe('failureReason', () => {
  it.each(cases)('$name', ({ error, reason }) => {
    expect(failureReason(error)).toBe(reason);
  });
});

describe('deadLetterMessage', () => {
  it('keeps a message whose parts are made when they are read', () => {
    class Lazy {
      get data() {
        return '{}';
      }
      get attributes() {
        return { tenant_id: 'acme' };
      }
      get orderingKey() {
        return 'k';
      }
    }
    expect(deadLetterMessage(new Lazy(), 'commission', 5, new TypeError('x'))).toMatchObject({
      data: '{}',
      orderingKey: 'k',
      attributes: { tenant_id: 'acme', dead_letter_reason: 'TypeError' },
    });
  });

  it('keeps the message and says where it comes from', () => {
    const message = { data: '{}', attributes: { tenant_id: 'acme' }, orderingKey: 'k' };
    expect(deadLetterMessage(message, 'commission', 5, new TypeError('x'))).toEqual({
      data: '{}',
      orderingKey: 'k',
      attributes: {
        tenant_id: 'acme',
        dead_letter_source_subscription: 'commission',
        dead_letter_attempts: '5',
        dead_letter_reason: 'TypeError',
      },
    });
  });
});
