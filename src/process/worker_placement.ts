/**
 * Where workers run that are not on this machine.
 *
 * @module
 */

/** Where a worker runs that is not on this machine. */
export interface WorkerPlacement {
  /** The node's address, as its cluster calls it. */
  readonly node: string;
  /** What its cluster calls the worker. */
  readonly job: string;
}
