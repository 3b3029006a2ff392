import { InvalidRequest } from '#schemas/problems.ts';

/** Google's proto of Pub/Sub: 3 to 255 characters, a letter first, never "goog" in front. */
const NAME = /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/;

/** Makes the full names Pub/Sub wants of the short ones the platform uses. */
export class ResourceNames {
  readonly project: string;

  constructor(projectId: string) {
    this.project = `projects/${projectId}`;
  }

  /** @throws InvalidRequest when Pub/Sub would not take the name */
  topic(name: string): string {
    return `${this.project}/topics/${checked('topic', name)}`;
  }

  /** @throws InvalidRequest when Pub/Sub would not take the name */
  subscription(name: string): string {
    return `${this.project}/subscriptions/${checked('subscription', name)}`;
  }
}

/** The last part of a full name. */
export function shortName(fullName: string | null | undefined): string {
  return fullName?.split('/').at(-1) ?? '';
}

function checked(kind: 'topic' | 'subscription', name: string): string {
  if (NAME.test(name)) return name;
  throw new InvalidRequest(
    `"${name.slice(0, 60)}" is no name for a ${kind}: use 3 to 255 letters, digits and . _ ~ + % -, starting with a letter, not with "goog".`,
  );
}
