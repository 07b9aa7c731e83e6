/**
 * How long a gateway waits for its clients.
 *
 * @module
 */
import { Limit } from "../protocol/limit.ts";

/** Tells once when nothing has gone on for too long. */
export class Patience implements Disposable {
  readonly #milliseconds: number;
  readonly #over = Promise.withResolvers<undefined>();
  #limit: Limit;

  /** Begins to wait. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    this.#limit = this.#begin();
  }

  /** Resolves when it is over. */
  get over(): Promise<undefined> {
    return this.#over.promise;
  }

  /** Something has gone on: begins anew. */
  renew(): void {
    this.#limit[Symbol.dispose]();
    this.#limit = this.#begin();
  }

  /** Waits no more. */
  [Symbol.dispose](): void {
    this.#limit[Symbol.dispose]();
  }

  #begin(): Limit {
    return new Limit(this.#milliseconds, () => this.#over.resolve(undefined));
  }
}
