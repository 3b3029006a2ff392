import type { Random } from '#adapters/kit/sandbox/random.ts';
import { InvalidRequest } from '#schemas/problems.ts';
import type { Customer, Order, ShopChange } from './change.ts';

/** Kinds of changes, by the event each of them becomes. */
export const SHOP_TYPES = [
  'customer.created',
  'customer.updated',
  'order.created',
  'order.paid',
  'order.refunded',
] as const;

type ShopType = (typeof SHOP_TYPES)[number];

/** How often each kind of change happens, in parts of twenty. */
const DRAW: readonly ShopType[] = [
  ...Array<ShopType>(3).fill('customer.created'),
  ...Array<ShopType>(2).fill('customer.updated'),
  ...Array<ShopType>(8).fill('order.created'),
  ...Array<ShopType>(5).fill('order.paid'),
  ...Array<ShopType>(2).fill('order.refunded'),
];

const NAMES = ['Ada', 'Björn', 'Chidi', 'Đorđe', 'Émilie', 'Fatima', '健', 'Zoë'];
const CITIES = ['Aarhus', 'Kraków', 'Lagos', 'Lima', 'Montréal', 'Osaka', 'Zürich'];
const GOODS = ['mug', 'notebook', 'pen', 'poster', 'tote-bag'];
const CLERKS = ['clerk-3', 'clerk-7', 'storefront'];
/** Prices in cents; several end in a zero, which must not get lost. */
const PRICES = [50, 100, 990, 1990, 2495, 12_000, 99_999];

export interface ShopOptions {
  readonly random: Random;
  readonly nowMs: () => number;
}

/** A shop whose customers and orders change: an order is created, then paid, then refunded. */
export class Shop {
  readonly #options: ShopOptions;
  readonly #customers: Customer[] = [];
  readonly #orders: Order[] = [];
  #changes = 0;

  constructor(options: ShopOptions) {
    this.#options = options;
  }

  /**
   * Makes one change and tells of it. A change that needs an order or a customer where there is
   * none makes one silently, as if it had been there before anybody listened.
   *
   * @param type one of SHOP_TYPES; by default a random one
   * @throws InvalidRequest when there is no such type
   */
  change(type: string = this.#options.random.pick(DRAW)): ShopChange {
    const found = SHOP_TYPES.find((one) => one === type);
    if (found === undefined) {
      throw new InvalidRequest(`The type is not one of: ${SHOP_TYPES.join(', ')}.`);
    }
    this.#changes += 1;
    return {
      ...this.#facts(found),
      changeId: `c-${this.#changes}`,
      at: new Date(this.#options.nowMs()).toISOString(),
      by: this.#options.random.pick(CLERKS),
    };
  }

  records(): { readonly customers: readonly Customer[]; readonly orders: readonly Order[] } {
    return { customers: this.#customers, orders: this.#orders };
  }

  #facts(type: ShopType): Pick<ShopChange, 'kind' | 'state' | 'order' | 'customer'> {
    switch (type) {
      case 'customer.created':
        return { kind: 'CUSTOMER', state: 'new', customer: this.#addCustomer() };
      case 'customer.updated':
        return { kind: 'CUSTOMER', state: 'known', customer: this.#moveCustomer() };
      case 'order.created':
        return ofOrder(this.#addOrder());
      case 'order.paid':
        return ofOrder(this.#replace(this.#any('created'), { state: 'paid' }));
      case 'order.refunded': {
        const order = this.#any('paid');
        return ofOrder(this.#replace(order, { state: 'refunded', refunded: order.total }));
      }
    }
  }

  #addCustomer(): Customer {
    const { random } = this.#options;
    const id = `u-${this.#customers.length + 1}`;
    const customer = { id, name: random.pick(NAMES), city: random.pick(CITIES) };
    this.#customers.push(customer);
    return customer;
  }

  #moveCustomer(): Customer {
    const { random } = this.#options;
    if (this.#customers.length === 0) this.#addCustomer();
    const customer = { ...random.pick(this.#customers), city: random.pick(CITIES) };
    const index = this.#customers.findIndex(({ id }) => id === customer.id);
    this.#customers[index] = customer;
    return customer;
  }

  #addOrder(): Order {
    const { random } = this.#options;
    if (this.#customers.length === 0) this.#addCustomer();
    const lines = Array.from({ length: random.integer(1, 3) }, () => {
      return {
        sku: random.pick(GOODS),
        quantity: random.integer(1, 4),
        price: random.pick(PRICES),
      };
    });
    const order: Order = {
      id: `o-${this.#orders.length + 1}`,
      customerId: random.pick(this.#customers).id,
      state: 'created',
      currency: 'EUR',
      total: { cents: lines.reduce((sum, { quantity, price }) => sum + quantity * price, 0) },
      refunded: { cents: 0 },
      lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
    };
    this.#orders.push(order);
    return order;
  }

  /** A random order in that state; where there is none, one is brought into it. */
  #any(state: 'created' | 'paid'): Order {
    const usable = this.#orders.filter((order) => order.state === state);
    if (usable.length > 0) return this.#options.random.pick(usable);
    const order = state === 'created' ? this.#addOrder() : this.#any('created');
    return order.state === state ? order : this.#replace(order, { state });
  }

  #replace(order: Order, change: Partial<Order>): Order {
    const changed = { ...order, ...change };
    this.#orders[this.#orders.findIndex(({ id }) => id === order.id)] = changed;
    return changed;
  }
}

function ofOrder(order: Order): Pick<ShopChange, 'kind' | 'state' | 'order'> {
  return { kind: 'ORDER', state: order.state, order };
}
