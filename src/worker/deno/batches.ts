/**
 * Gathers calls, and has them run together: section 3 of `docs/protocol.md`.
 *
 * @module
 */
import type { BatchLimits } from "../../protocol/batch.ts";
import type { Turns } from "../../protocol/turns.ts";
import { Timer } from "../../protocol/timer.ts";
import type { Call } from "./call.ts";
import type { PluginRunner } from "./plugin_runner.ts";

/** Calls that run together. */
class Batch {
  readonly calls: Call[] = [];
  /** Resolves when no further call is waited for. */
  readonly gathered = Promise.withResolvers<void>();
  /** Resolves when the plugin's code has come to rest. */
  readonly over = Promise.withResolvers<void>();
}

/** What batches are run with. */
export interface BatchesOptions {
  readonly limits: BatchLimits;
  readonly runner: PluginRunner;
  /** Where a batch waits for its turn, as a call does that runs alone. */
  readonly turns: Turns;
  /** Told of each call that begins. */
  readonly onBegin: (call: Call) => void;
}

/** The calls that are gathered, and the batches that run. */
export class Batches {
  readonly #options: BatchesOptions;
  /** The one that takes further calls. */
  #open: Batch | undefined;

  /** Begins with none. */
  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /** Has a call run together with others. Resolves when the plugin's code has come to rest. */
  add(call: Call): Promise<void> {
    const batch = this.#open ??= this.#begin();
    batch.calls.push(call);
    if (batch.calls.length >= this.#options.limits.max_size) this.close();
    return batch.over.promise;
  }

  /** What comes from now on runs after what has come: a call of another kind is next. */
  close(): void {
    this.#open?.gathered.resolve();
    this.#open = undefined;
  }

  #begin(): Batch {
    const batch = new Batch();
    void this.#run(batch).then(batch.over.resolve, batch.over.reject);
    return batch;
  }

  async #run(batch: Batch): Promise<void> {
    const { limits, turns } = this.#options;
    using _timer = new Timer(limits.max_wait_ms, batch.gathered.resolve);
    using _turn = await turns.acquire();
    await batch.gathered.promise;
    if (this.#open === batch) this.#open = undefined;
    await this.#runAll(batch.calls.filter(({ cancellation }) => !cancellation.isRequested));
  }

  async #runAll(calls: readonly Call[]): Promise<void> {
    if (calls.length === 0) return;
    for (const call of calls) {
      call.markRunning({ withOthers: true });
      this.#options.onBegin(call);
    }
    const lines = this.#options.runner.runTogether(
      calls.map((call) => ({ order: call.order, sink: call, cancellation: call.cancellation })),
    );
    await Promise.all(lines.map(async (line, index) => calls[index]!.end(await line)));
  }
}
