/** A call of BigQuery's REST API, below the project. */
export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT';
  readonly path: string;
  /** After the path; the client escapes a question mark in it. */
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: object;
  /** What the call needs, for the error when it is missing. */
  readonly needs: { readonly permission: string; readonly resource: string };
}

/** A statement that is run as a job. */
export interface Statement {
  readonly sql: string;
  readonly needs: RestRequest['needs'];
}

/** One change of a dataset. */
export interface Step {
  readonly action: 'create' | 'update';
  readonly kind: 'dataset' | 'table' | 'function' | 'view' | 'row access policy';
  /** Of a policy table.policy. */
  readonly name: string;
  /** What an update changes, one line each. */
  readonly changes: readonly string[];
  readonly request: RestRequest | Statement;
}
