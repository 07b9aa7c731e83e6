/**
 * A call that a worker had not begun with when it ended.
 *
 * @module
 */

/** What such a call ends with for whoever takes it to another worker: the end of this one is the `cause`. */
export class UnbegunError extends Error {
  override readonly name: string = "UnbegunError";

  /** Holds what the caller is told when there is no other worker. */
  constructor(cause: unknown) {
    super("The worker ended before it began with the call", { cause });
  }
}

/** The options of a call whose caller takes it to another worker when this one ends before it has begun with it. */
export interface MovableOptions {
  /** Whether it does. The call then ends with an {@linkcode UnbegunError}. Default: false. */
  readonly isMovable?: boolean;
}
