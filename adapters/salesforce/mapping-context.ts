/** The organisation of a connection, in both spellings of its id. */
export interface Organization {
  /** 15 characters, which tell organisations apart. */
  readonly cased: string;
  /** 18 characters. */
  readonly full: string;
}

/** What the mapping of an item knows beside the item. */
export interface MappingContext {
  readonly organization: Organization;
  readonly receivedAtMs: number;
}
