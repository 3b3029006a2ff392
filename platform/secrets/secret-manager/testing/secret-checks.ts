import { status as Code } from '@grpc/grpc-js';
import { GrpcStatus } from '#platform/testing/grpc-status.ts';

/** A secret as it is sent to be created. */
export interface SecretRequest {
  readonly replication?: {
    readonly automatic?: object | null;
    readonly userManaged?: { readonly replicas?: readonly { readonly location?: string }[] } | null;
  } | null;
  readonly labels?: Readonly<Record<string, string>>;
  readonly topics?: readonly { readonly name?: string }[];
}

const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;

/** What Google's proto says of a new secret. @throws GrpcStatus INVALID_ARGUMENT */
export function checkNewSecret(id: string, secret: SecretRequest | null): void {
  refuseUnless(/^[A-Za-z0-9_-]{1,255}$/.test(id), `The provided Secret ID [${id}] is malformed.`);
  const { replication, labels = {}, topics = [] } = secret ?? {};
  const replicas = replication?.userManaged?.replicas;
  refuseUnless(
    Boolean(replication?.automatic) || Boolean(replicas?.length),
    'Field [secret.replication] is required.',
  );
  for (const { location = '' } of replicas ?? []) {
    refuseUnless(/^[a-z]+-[a-z]+\d+$/.test(location), `Location [${location}] is not supported.`);
  }
  refuseUnless(Object.keys(labels).length <= 64, 'A secret has at most 64 labels.');
  for (const [key, value] of Object.entries(labels)) {
    refuseUnless(LABEL_KEY.test(key) && LABEL_VALUE.test(value), `Label [${key}] is malformed.`);
  }
  refuseUnless(topics.length <= 10, 'A secret has at most 10 topics.');
  for (const { name = '' } of topics) {
    const ok = /^projects\/[^/]+\/topics\/[^/]+$/.test(name);
    refuseUnless(ok, `Topic name [${name}] is malformed.`);
  }
}

export function refuseUnless(fine: boolean, details: string): void {
  if (!fine) throw new GrpcStatus(Code.INVALID_ARGUMENT, details);
}
