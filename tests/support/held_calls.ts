/**
 * Calls of a plugin of which a test says when they end.
 *
 * @module
 */
import { pause } from "../../src/protocol/timer.ts";
import { untilAborted } from "../../src/protocol/until_aborted.ts";
import { AheadPlugin, type Answer, type Arrived } from "./ahead_worker.ts";
import { within } from "./guard.ts";

/** Answers each call with its own number; what is held runs until the test lets it go, or it is cancelled. */
export class Held {
  /** The numbers of the calls that have begun, in their order. */
  readonly begun: unknown[] = [];
  readonly #gates = new Map<unknown, PromiseWithResolvers<void>>();
  readonly #begun = new Map<unknown, PromiseWithResolvers<void>>();

  readonly answer: Answer = (arrived, signal) => this.#answer(arrived, signal);

  /** Lets a held call end. */
  release(n: unknown): void {
    gate(this.#gates, n).resolve();
  }

  /** Resolves when a call has begun. */
  untilBegun(n: unknown): Promise<void> {
    return within(gate(this.#begun, n).promise, `call ${n}`);
  }

  async *#answer({ kwargs: { n, holds, says, ms } }: Arrived, signal: AbortSignal): AsyncGenerator<string | number[]> {
    this.begun.push(n);
    gate(this.#begun, n).resolve();
    if (ms) await pause(ms as number, signal);
    if (holds === "deaf") await new Promise(() => {});
    if (holds) await untilAborted(gate(this.#gates, n).promise, signal);
    for (const line of says as (string | number[])[] ?? [JSON.stringify({ result: n })]) yield line;
  }
}

function gate(gates: Map<unknown, PromiseWithResolvers<void>>, n: unknown): PromiseWithResolvers<void> {
  const found = gates.get(n) ?? Promise.withResolvers<void>();
  gates.set(n, found);
  return found;
}

/** A plugin whose calls are held as the test says. */
export async function withPlugin(
  options: ConstructorParameters<typeof AheadPlugin>[2],
  use: (plugin: AheadPlugin, held: Held) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const held = new Held();
    await using plugin = new AheadPlugin(folder, held.answer, options);
    await use(plugin, held);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
