// A step from a lab that runs to what its file says now.

/** One step. */
export interface Change {
  /** "+ host h3", "- link h1-s1", "~ link h2-s1: …". */
  readonly text: string;
  /** Makes it, and returns how to take it back. */
  make(): Promise<() => Promise<void>>;
}
