/**
 * Who is told of the calls of tools: a gateway, which counts them with all others.
 *
 * @module
 */
import type { CalledEndpoint } from "../protocol/endpoints.ts";

/** A call as it begins. */
export interface WatchedCall {
  /** The plugin's name. */
  readonly plugin: string;
  /** Which of its methods is called. */
  readonly endpoint: CalledEndpoint;
  /** Whose call it is, where a server has told. */
  readonly client: string | undefined;
  /** The request that has brought it, over HTTP. */
  readonly request: Request | undefined;
}

/** How a call has ended. */
export interface CallEnd {
  /** Why it failed; `undefined` when it did not. */
  readonly error: unknown;
  /** How long its result is, in bytes. */
  readonly bytes: number;
}

/** Follows one call. */
export interface CallWatch {
  /** Aborted when somebody else gives the call up. */
  readonly signal: AbortSignal;
  /** One more chunk was given. */
  chunk(): void;
  /** The call has ended. */
  end(end: CallEnd): void;
}

/** Begins to follow a call. */
export type WatchCall = (call: WatchedCall) => CallWatch;
