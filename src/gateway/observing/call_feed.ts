/**
 * The calls of all clients, for those who follow them.
 *
 * @module
 */
import type { RequestEndpoint } from "../../protocol/endpoints.ts";
import type { CallObserver, CallOutcome, ObservedCall } from "./observer.ts";

/** A call as it is now. */
export interface SeenCall {
  /** Its number: calls that have begun later have higher ones. */
  readonly number: number;
  /** The plugin that is called. */
  readonly plugin: string;
  /** Its version. */
  readonly version: string;
  /** What is asked of it. */
  readonly endpoint: RequestEndpoint;
  /** Whose call it is, for example `caller 1`. */
  readonly client: string;
  /** When it began. */
  readonly startedAt: Date;
  /** How it has ended: `ok`, or the code of its error. Left out while it runs. */
  readonly outcome?: string;
  /** How long it took, in milliseconds. */
  readonly durationMs?: number;
  /** How many chunks it gave. */
  readonly chunks?: number;
}

/** The ended calls that are kept for whoever comes. */
const MAX_ENDED = 200;

/** Passes on the calls of a gateway as they begin and end. */
export class CallFeed implements CallObserver {
  readonly #open = new Map<ObservedCall, SeenCall>();
  readonly #ended: SeenCall[] = [];
  readonly #followers = new Set<(call: SeenCall) => void>();
  #count = 0;

  /** A call has come. */
  opened(call: ObservedCall): void {
    const { plugin, version, endpoint, client, startedAt } = call;
    const seen = { number: this.#count++, plugin, version, endpoint, client, startedAt };
    this.#open.set(call, seen);
    this.#pass(seen);
  }

  /** A call has ended. */
  ended(call: ObservedCall, { code: outcome = "ok", durationMs, chunks }: CallOutcome): void {
    const seen = this.#open.get(call);
    if (seen === undefined) return;
    this.#open.delete(call);
    const ended = { ...seen, outcome, durationMs, chunks };
    this.#ended.push(ended);
    if (this.#ended.length > MAX_ENDED) this.#ended.shift();
    this.#pass(ended);
  }

  /** Gives the last 200 calls that have ended and all that run, and then each that begins or ends until the returned function is called. */
  follow(take: (call: SeenCall) => void): () => void {
    for (const call of [...this.#ended, ...this.#open.values()]) take(call);
    this.#followers.add(take);
    return () => void this.#followers.delete(take);
  }

  #pass(call: SeenCall): void {
    for (const take of this.#followers) take(call);
  }
}
