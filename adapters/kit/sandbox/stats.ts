/** What a sandbox did. All but `requests` and `deactivated` count changes. */
export interface SandboxStats {
  /** Made in the account. */
  emitted: number;
  /** Sent, each attempt and each duplicate counted. */
  sent: number;
  acknowledged: number;
  /** Answered otherwise, or not in time; each attempt counted. */
  refused: number;
  /** Scheduled for another attempt. */
  retried: number;
  /** Not acknowledged by the last attempt. */
  given_up: number;
  /** Withheld on request, or because the provider had given the webhook up. */
  dropped: number;
  /** Waiting to be sent, for an answer, or for a retry. */
  pending: number;
  requests: number;
  /** True after so many failures in a row that the provider sends no more. */
  deactivated: boolean;
}

export function emptyStats(): SandboxStats {
  return {
    emitted: 0,
    sent: 0,
    acknowledged: 0,
    refused: 0,
    retried: 0,
    given_up: 0,
    dropped: 0,
    pending: 0,
    requests: 0,
    deactivated: false,
  };
}
