/** What a process that is gone may have accepted without publishing it. */
export interface Abandoned {
  readonly name: string;
  /** Received since then, RFC 3339. */
  readonly from: string;
}

/** Other processes hold back newer events until earlier ones are on the bus. */
export interface Behind {
  /** Received since then, RFC 3339. */
  readonly from: string;
  /** True when one of them was heard of lately: it carries what waits. */
  readonly lives: boolean;
}

/** Up to which time of receipt the processes of an installation have published what they accepted. */
export interface Watermarks {
  /** True when only this process can carry what the last one left: it does so before it starts. */
  readonly exclusive: boolean;
  /** The latest there is, RFC 3339; undefined before the very first. */
  latest(): Promise<string | undefined>;
  /** Takes on what gone processes have left: to be carried again, and then forgotten. */
  claim(): Promise<readonly Abandoned[]>;
  forget(abandoned: readonly Abandoned[]): Promise<void>;
  /** Makes this process known, before it accepts anything. */
  open(): Promise<void>;
  /** @param behind true while newer events are held back, as earlier ones are not on the bus yet */
  save(publishedThrough: string, behind: boolean): Promise<void>;
  /** Whether other processes hold events back; undefined when none does. */
  behind(): Promise<Behind | undefined>;
  /** Tells the others that this process lives. */
  beat(): Promise<void>;
  /** @param complete true when all that this process accepted has been published */
  close(complete: boolean): Promise<void>;
}
