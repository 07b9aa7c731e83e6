/**
 * The bytes of a body while they come, as long as they come fast enough.
 *
 * @module
 */
import type { Patience, Wait } from "./patience.ts";

/** A slow client has to send so much, in bytes, each time that its time begins anew. */
export const STEP_BYTES: number = 64 * 1024;

/** A body does not come as it should. */
export class UploadError extends Error {
  override name: string = "UploadError";
}

/** A client has sent less of its body than it has to. */
export class SlowBodyError extends UploadError {
  override name = "SlowBodyError";
}

const NOTHING: Uint8Array = new Uint8Array(0);

/** The bytes of a body. Its client is waited for only while somebody reads. */
export class ArrivingBytes implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #wait: Wait;
  #rest: Uint8Array = NOTHING;
  #isOver = false;
  /** How many had come when the client's time began anew. */
  #renewedAt = 0;
  /** How many have come. */
  count = 0;

  /** Reads a body. */
  constructor(body: ReadableStream<Uint8Array>, patience: Patience) {
    this.#reader = body.getReader();
    this.#wait = patience.begin(() => {
      this.#isOver = true;
      // What is waited for ends with it.
      this.#reader.cancel().catch(() => {});
    });
    this.#wait.pause();
  }

  /**
   * Some of them; `undefined` when there are no more.
   *
   * @throws {SlowBodyError} When they do not come fast enough.
   * @throws {UploadError} When the client has left.
   */
  async some(): Promise<Uint8Array | undefined> {
    if (this.#rest.length > 0) return this.#takeRest();
    this.#wait.resume();
    const { value } = await this.#reader.read().catch((cause) => {
      throw new UploadError("The client has left", { cause });
    });
    this.#wait.pause();
    if (this.#isOver) throw new SlowBodyError("The client sends too slowly");
    this.count += value?.length ?? 0;
    if (this.count - this.#renewedAt >= STEP_BYTES) this.#renew();
    return value;
  }

  /** Takes back those that belong to what comes next. */
  giveBack(bytes: Uint8Array): void {
    this.#rest = bytes;
  }

  /** All that are left, piece by piece. Nothing more is read when the loop over them ends. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    await using _bytes = this;
    for (let piece = await this.some(); piece !== undefined; piece = await this.some()) yield piece;
  }

  /** Nothing more is read. The server lets go of a body only when its client sends more, which is not waited for. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#wait[Symbol.dispose]();
    this.#reader.cancel().catch(() => {});
    return Promise.resolve();
  }

  #renew(): void {
    this.#renewedAt = this.count;
    this.#wait.renew();
    this.#wait.pause();
  }

  #takeRest(): Uint8Array {
    const rest = this.#rest;
    this.#rest = NOTHING;
    return rest;
  }
}
