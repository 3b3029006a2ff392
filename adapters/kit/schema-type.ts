/** The property names whose schemas have a default: ajv fills them in, so they are always there. */
type Filled<P> = {
  [K in keyof P]: P[K] extends { readonly default: unknown } ? K : never;
}[keyof P];

type Present<P, R> = Extract<R | Filled<P>, keyof P>;

type Properties<P, R> = {
  readonly [K in Present<P, R>]: FromSchema<P[K]>;
} & {
  readonly [K in Exclude<keyof P, Present<P, R>>]?: FromSchema<P[K]>;
};

/**
 * The type of what a JSON Schema written `as const` accepts once defaults are filled in. Knows the
 * keywords of this folder's schemas and no more; a schema without a type is `unknown`.
 */
export type FromSchema<S> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly oneOf: readonly (infer O)[] }
      ? O extends unknown
        ? FromSchema<O>
        : never
      : S extends { readonly type: readonly ['string', 'object']; readonly properties: infer P }
        ? string | Properties<P, never>
        : S extends { readonly properties: infer P; readonly required: readonly (infer R)[] }
          ? Properties<P, R>
          : S extends { readonly properties: infer P }
            ? Properties<P, never>
            : S extends { readonly type: 'object'; readonly additionalProperties: infer V }
              ? Readonly<Record<string, FromSchema<V>>>
              : S extends { readonly type: 'object' }
                ? Readonly<Record<string, unknown>>
                : S extends { readonly type: 'array'; readonly items: infer I }
                  ? readonly FromSchema<I>[]
                  : S extends { readonly type: 'string' }
                    ? string
                    : S extends { readonly type: 'integer' }
                      ? number
                      : S extends { readonly type: 'boolean' }
                        ? boolean
                        : unknown;
