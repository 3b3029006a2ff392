/** A change as the shop tells of it. Amounts are text here and JSON numbers when they are sent. */
export interface ShopChange {
  readonly kind: 'ORDER' | 'CUSTOMER';
  readonly state: string;
  readonly changeId: string;
  /** RFC 3339 in UTC. */
  readonly at: string;
  readonly by: string;
  readonly order?: Order;
  readonly customer?: Customer;
}

export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly state: 'created' | 'paid' | 'refunded';
  readonly currency: string;
  readonly total: Amount;
  readonly refunded: Amount;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
}

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly city: string;
}

/** An amount in hundredths: sums of integers are exact. */
export interface Amount {
  readonly cents: number;
}
