/**
 * What is measured: one way to call code in another process.
 *
 * @module
 */

/** The functions of `bench/work/work.py` and `work.ts`, each with one argument. */
export type WorkName = "answer" | "size_of" | "text";

/** A call that can be cancelled. */
export interface Nap {
  /** Settles, either way, when the caller has its answer. */
  readonly settled: Promise<unknown>;
  /** Asks for the end of the call. */
  cancel(): unknown;
}

/** One way to call code in another process, in its own natural idiom. What is missing is what it cannot do. */
export interface Peer {
  /** Resolves when it can be called. */
  start(): Promise<void>;
  /** Runs a function of the work; results are given back, so that wrong ones are seen. */
  call?(name: WorkName, argument: number | string): unknown;
  /** Small chunks, as many as asked for. */
  stream?(count: number): AsyncIterable<unknown> | Iterable<unknown>;
  /** Gives the work bytes as a file, which it reads; resolves with their number. */
  sendFile?(bytes: Uint8Array): Promise<number>;
  /** Has the work make that many bytes, which come as a file, and reads them. */
  fetchFile?(size: number): Promise<Uint8Array>;
  /** A call of ten seconds that ends early when it is asked to. */
  nap?(): Nap;
  /** Why it takes no more than one call at a time; `undefined` when it takes more. */
  readonly oneAtATime?: string;
  /** Ends all that was started. */
  stop(): Promise<void>;
}

/** Makes a peer that has not been started. */
export type PeerFactory = () => Peer;

/** The peer has no such thing, which is no failure. */
export class CannotError extends Error {
  override name = "CannotError";
}
