/**
 * The time that a call waits for a worker.
 *
 * @module
 */
import { CallTimeoutError } from "../errors.ts";
import type { OperationOptions } from "../plugin/interface.ts";
import { checkLimits } from "../plugin/limits.ts";
import { Limit } from "../protocol/limit.ts";

/** What can end the wait for a worker: the caller's signal and the call's deadline. */
export class Wait implements Disposable {
  readonly #controller = new AbortController();
  readonly #limit: Limit | undefined;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #onCallerAbort: () => void;

  /**
   * Begins to wait.
   *
   * @throws {CallError} When a limit is none.
   */
  constructor({ plugin, member }: { plugin: string; member: string }, { signal, ...limits }: OperationOptions) {
    checkLimits({ plugin, member }, limits);
    const { timeoutMs } = limits;
    this.#callerSignal = signal;
    this.#onCallerAbort = () => this.#controller.abort(signal?.reason);
    signal?.addEventListener("abort", this.#onCallerAbort, { once: true });
    if (signal?.aborted) this.#onCallerAbort();
    if (timeoutMs === undefined) return;
    const late = () => {
      const message = `"${member}" of "${plugin}" waited for a worker longer than its limit of ${timeoutMs} ms`;
      this.#controller.abort(new CallTimeoutError(message, { plugin, timeoutMs }));
    };
    this.#limit = new Limit(timeoutMs, late);
  }

  /** Aborted when the wait is over without a worker. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What is left of the call's time; `undefined` where it has no limit. */
  get leftMs(): number | undefined {
    return this.#limit && Math.max(1, this.#limit.leftMs);
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    this.#limit?.[Symbol.dispose]();
    this.#callerSignal?.removeEventListener("abort", this.#onCallerAbort);
  }
}
