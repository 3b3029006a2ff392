// What BigQuery's REST API says of a dataset, as far as it is compared.

export interface FoundField {
  readonly name: string;
  readonly type: string;
  readonly mode?: string;
  readonly description?: string;
}

/** A table or a view. */
export interface FoundTable {
  /** TABLE, VIEW, EXTERNAL and others. */
  readonly type?: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly schema?: { readonly fields?: readonly FoundField[] };
  readonly timePartitioning?: {
    readonly type?: string;
    readonly field?: string;
    readonly expirationMs?: string;
  };
  readonly clustering?: { readonly fields?: readonly string[] };
  readonly requirePartitionFilter?: boolean;
  readonly view?: { readonly query?: string };
}

export interface FoundFunction {
  readonly description?: string;
  readonly definitionBody?: string;
}

export interface FoundPolicy {
  readonly name: string;
  readonly grantees: readonly string[];
  readonly predicate: string;
}

/** What there is of what is declared, by name. */
export interface FoundSchema {
  /** Absent: there is no such dataset, and so nothing in it. */
  readonly dataset?: { readonly location?: string };
  readonly tables: ReadonlyMap<string, FoundTable>;
  readonly functions: ReadonlyMap<string, FoundFunction>;
  /** By table; empty when nobody asked. */
  readonly policies: ReadonlyMap<string, readonly FoundPolicy[]>;
}
