/** Automatic, or the regions that the value may lie in. It cannot be changed later. */
export type ReplicationChoice = 'automatic' | readonly string[];

/** "Label values must … conform to `[\p{Ll}\p{Lo}\p{N}_-]{0,63}`" (Google's proto). */
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;

/**
 * What a secret is created with. Of a reference below `tenants/T/` the label `tenant` is T, for
 * lists and bills; left out where T may not stand in a label, as it may hold no capitals.
 *
 * @param topic full name of the topic that Secret Manager tells of changes
 */
export function newSecret(
  ref: string,
  replication: ReplicationChoice,
  topic: string | undefined,
): object {
  const tenant = /^tenants\/([^/]+)\//.exec(ref)?.[1];
  return {
    replication:
      replication === 'automatic'
        ? { automatic: {} }
        : { userManaged: { replicas: replication.map((location) => ({ location })) } },
    labels: tenant !== undefined && LABEL_VALUE.test(tenant) ? { tenant } : {},
    topics: topic === undefined ? [] : [{ name: topic }],
  };
}
