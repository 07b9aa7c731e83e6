/**
 * What is to become of each call under chaos. It depends on a seed and on the call's number alone.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** What happens to calls, and how often. */
export interface ChaosOptions {
  /** The share of calls during which the worker dies, from 0 to 1. Default: 0. */
  readonly crash?: number;
  /** The share of calls that are never answered, from 0 to 1. Default: 0. */
  readonly stall?: number;
  /** By how many milliseconds each call comes later: so many, or from the first number to the second. Default: 0. */
  readonly slow?: number | readonly [least: number, most: number];
  /** The same seed gives the same call the same fate. A whole number from 0 to 2^53 - 1. Default: one by chance, which the plugin's `chaos.seed` tells. */
  readonly seed?: number;
  /** Called when something happens to a call, before it does. */
  readonly onFault?: (fault: ChaosFault) => void;
}

/** What happens to one call. */
export interface ChaosFault {
  /** The seed by which it happens. */
  readonly seed: number;
  /** Which of the calls it is, from 1 on. */
  readonly call: number;
  /** The member or the method that was called. */
  readonly member: string;
  /** What happens to it. */
  readonly kind: "crash" | "stall" | "slow";
  /** How long the call is held up, in milliseconds: a stall for ever, and a crash not at all. */
  readonly delayMs: number;
}

/** What becomes of a call. */
export interface Fate {
  readonly call: number;
  readonly kind: "crash" | "stall" | "slow" | undefined;
  readonly delayMs: number;
  /** How many chunks of a stream come before its worker dies, at most. */
  readonly chunks: number;
}

/** A stream that is to break is let come so far, at most. */
const MOST_CHUNKS = 3;

/** Deals out what becomes of calls. */
export class Fates {
  /** By which all of them are dealt out. */
  readonly seed: number;
  readonly #crash: number;
  readonly #stall: number;
  readonly #slow: readonly [least: number, most: number];
  #calls = 0;

  /**
   * Deals out nothing yet.
   *
   * @throws {RangeError} When a share, a time or the seed is none.
   */
  constructor({ crash = 0, stall = 0, slow = 0, seed = seedByChance() }: ChaosOptions) {
    const [least, most] = typeof slow === "number" ? [slow, slow] : slow;
    demand(
      isShare(crash) && isShare(stall) && crash + stall <= 1,
      '"crash" and "stall" are shares of the calls from 0 to 1, and at most 1 together',
    );
    demand(isTime(least) && isTime(most) && least <= most, '"slow" is a number of milliseconds, or two of which the second is not less');
    demand(Number.isSafeInteger(seed) && seed >= 0, '"seed" is a whole number from 0 to 2^53 - 1');
    this.seed = seed;
    this.#crash = crash;
    this.#stall = stall;
    this.#slow = [least, most];
  }

  /** What becomes of the next call. */
  next(): Fate {
    const call = ++this.#calls;
    const share = this.#draw(call, "kind");
    const [least, most] = this.#slow;
    const delayMs = least + this.#draw(call, "delay") * (most - least);
    const chunks = Math.floor(this.#draw(call, "chunks") * (MOST_CHUNKS + 1));
    if (share < this.#crash) return { call, kind: "crash", delayMs: 0, chunks };
    if (share < this.#crash + this.#stall) return { call, kind: "stall", delayMs: Infinity, chunks };
    return { call, kind: delayMs > 0 ? "slow" : undefined, delayMs, chunks };
  }

  /** A number from 0 to below 1. It is of the call's own, so that calls at once do not change each other's. */
  #draw(call: number, what: string): number {
    return createHash("sha256").update(`${this.seed} ${call} ${what}`).digest().readUInt32BE() / 2 ** 32;
  }
}

function seedByChance(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

function isShare(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value < Infinity;
}

function demand(isMet: boolean, what: string): void {
  if (!isMet) throw new RangeError(`Cannot make chaos: ${what}`);
}
