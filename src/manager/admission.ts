/**
 * Keeps the declared memory of what is loaded within a budget.
 *
 * @module
 */
import { WorkerStartError } from "../errors.ts";
import type { MemoryBudget } from "./options.ts";

/** How much memory, in MiB. */
export interface MemoryNeed {
  readonly systemMb: number;
  readonly gpuMb: number;
}

/** Somebody who holds memory and could give it back. */
export interface Evictable {
  /** When it was last used, as `performance.now()` gives it; `undefined` while it is in use. */
  readonly idleSince: number | undefined;
  /** Lets go of the memory, unless it has come into use. */
  evict(): Promise<void>;
}

/** One who asks for memory. */
export interface Applicant {
  readonly plugin: string;
  readonly need: MemoryNeed;
  /** How many workers the need is that of. They get it together or not at all, for two who hold one half each would wait for ever. */
  readonly count: number;
  readonly signal: AbortSignal;
  /** Called when it has to wait. */
  readonly onWait: () => void;
}

interface Waiter {
  readonly applicant: Applicant;
  readonly admit: () => void;
}

interface Reservation extends MemoryNeed {
  readonly plugin: string;
}

/** Admits plugins in the order in which they ask. */
export class Admission {
  readonly #budget: Required<MemoryBudget>;
  readonly #evictables: () => Iterable<Evictable>;
  readonly #held = new Set<Reservation>();
  readonly #waiting: Waiter[] = [];
  #evicting = false;

  /** Sets the budget, and where to look for what can be unloaded. */
  constructor({ systemMb = Infinity, gpuMb = Infinity, policy = "evict" }: MemoryBudget, evictables: () => Iterable<Evictable>) {
    this.#budget = { systemMb, gpuMb, policy };
    this.#evictables = evictables;
  }

  /** Takes memory for one worker if it is free now and nobody waits for it. */
  tryReserve(plugin: string, need: MemoryNeed): Disposable | undefined {
    return this.#waiting.length === 0 && this.#fits(need) ? this.#take({ plugin, ...need }) : undefined;
  }

  /** Whether so many more fit now. */
  hasRoom(need: MemoryNeed, count: number): boolean {
    return this.#fits(times(need, count));
  }

  /**
   * Takes memory for a number of workers, one reservation each, once there is room.
   *
   * @throws {WorkerStartError} When it can never fit, or does not fit now and the policy is `"error"`.
   * @throws The signal's reason, when it aborts first.
   */
  async reserve(applicant: Applicant): Promise<Disposable[]> {
    const total = times(applicant.need, applicant.count);
    if (total.systemMb > this.#budget.systemMb || total.gpuMb > this.#budget.gpuMb) throw this.#refusal(applicant, total, "never");
    return this.#waiting.length === 0 && this.#fits(total) ? this.#takeAll(applicant) : await this.#wait(applicant, total);
  }

  /** Looks whether the first who waits can be admitted now. To be called when memory is given back and when somebody becomes idle. */
  pump(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!this.#fits(times(first.applicant.need, first.applicant.count))) return void this.#makeRoom();
      this.#waiting.shift();
      first.admit();
    }
  }

  #fits({ systemMb, gpuMb }: MemoryNeed): boolean {
    const used = this.#used();
    return used.systemMb + systemMb <= this.#budget.systemMb && used.gpuMb + gpuMb <= this.#budget.gpuMb;
  }

  #used(): MemoryNeed {
    let systemMb = 0, gpuMb = 0;
    for (const held of this.#held) {
      systemMb += held.systemMb;
      gpuMb += held.gpuMb;
    }
    return { systemMb, gpuMb };
  }

  #take(reservation: Reservation): Disposable {
    this.#held.add(reservation);
    return {
      [Symbol.dispose]: () => {
        if (this.#held.delete(reservation)) this.pump();
      },
    };
  }

  #takeAll({ plugin, need, count }: Applicant): Disposable[] {
    return Array.from({ length: count }, () => this.#take({ plugin, ...need }));
  }

  #wait(applicant: Applicant, total: MemoryNeed): Promise<Disposable[]> {
    if (this.#budget.policy === "error") throw this.#refusal(applicant, total, "now");
    applicant.signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Disposable[]>();
    const leave = () => {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      reject(applicant.signal.reason);
      this.pump();
    };
    const admit = () => {
      applicant.signal.removeEventListener("abort", leave);
      resolve(this.#takeAll(applicant));
    };
    const waiter: Waiter = { applicant, admit };
    applicant.signal.addEventListener("abort", leave, { once: true });
    this.#waiting.push(waiter);
    applicant.onWait();
    void this.#makeRoom();
    return promise;
  }

  /** Unloads the plugin that has been idle longest, one at a time, for its end pumps again. */
  async #makeRoom(): Promise<void> {
    if (this.#budget.policy !== "evict" || this.#evicting) return;
    const idle = [...this.#evictables()].filter(({ idleSince }) => idleSince !== undefined);
    const [oldest] = idle.sort((a, b) => a.idleSince! - b.idleSince!);
    if (oldest === undefined) return;
    this.#evicting = true;
    await oldest.evict();
    this.#evicting = false;
    this.pump();
  }

  #refusal({ plugin }: Applicant, total: MemoryNeed, when: "now" | "never"): WorkerStartError {
    const short = total.gpuMb > this.#budget.gpuMb - (when === "never" ? 0 : this.#used().gpuMb) ? "gpuMb" : "systemMb";
    const what = short === "gpuMb" ? "GPU memory" : "memory";
    const free = this.#budget[short] - this.#used()[short];
    const holders = [...new Set([...this.#held].filter((held) => held[short] > 0).map((held) => `"${held.plugin}"`))].join(", ");
    const message = when === "never"
      ? `it needs ${total[short]} MiB of ${what}, and the budget is ${
        this.#budget[short]
      }. Raise the manager's "memory", or lower its "replicas"`
      : `it needs ${total[short]} MiB of ${what}, and ${free} of ${
        this.#budget[short]
      } are free. Unload ${holders}, or set the policy to "wait" or "evict"`;
    return new WorkerStartError(`Cannot start "${plugin}": ${message}`, { plugin, phase: "admission" });
  }
}

function times({ systemMb, gpuMb }: MemoryNeed, count: number): MemoryNeed {
  return { systemMb: systemMb * count, gpuMb: gpuMb * count };
}
