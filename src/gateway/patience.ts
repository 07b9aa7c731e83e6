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

/** A slow client has to send so much, in bytes, each time that its time begins anew. */
export const STEP_BYTES: number = 64 * 1024;

/** A client has sent less of its body than it has to. */
export class SlowBodyError extends Error {
  override name = "SlowBodyError";

  /** Says how slow that is. */
  constructor(milliseconds: number) {
    super(`Less than ${STEP_BYTES} bytes of the body came within ${milliseconds} ms`);
  }
}

/**
 * The pieces of a body, as long as they come fast enough.
 *
 * @throws {SlowBodyError} When they do not.
 */
export async function* inTime(body: ReadableStream<Uint8Array>, milliseconds: number): AsyncGenerator<Uint8Array, void, void> {
  using patience = new Patience(milliseconds);
  const reader = body.getReader();
  try {
    for (let bytes = 0;;) {
      const piece = await Promise.race([reader.read(), patience.over]);
      if (piece === undefined) throw new SlowBodyError(milliseconds);
      if (piece.done) return;
      bytes += piece.value.length;
      if (bytes >= STEP_BYTES) {
        bytes = 0;
        patience.renew();
      }
      yield piece.value;
    }
  } finally {
    // What nobody reads any more must not go on coming. The server lets go of it only when the client sends more, which is not waited for.
    void reader.cancel().catch(() => {});
  }
}
