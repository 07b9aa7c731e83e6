/**
 * Bodies that are read piece by piece, as long as they come fast enough.
 *
 * @module
 */
import type { Patience } from "./patience.ts";

/** A slow client has to send so much, in bytes, each time that its time begins anew. */
export const STEP_BYTES: number = 64 * 1024;

/** A client has sent less of its body than it has to. */
export class SlowBodyError extends Error {
  override name = "SlowBodyError";
}

/**
 * The pieces of a body.
 *
 * @throws {SlowBodyError} When they do not come fast enough.
 */
export async function* inTime(body: ReadableStream<Uint8Array>, patience: Patience): AsyncGenerator<Uint8Array, void, void> {
  const over = Promise.withResolvers<undefined>();
  using wait = patience.begin(() => over.resolve(undefined));
  const reader = body.getReader();
  try {
    for (let bytes = 0;;) {
      const piece = await Promise.race([reader.read(), over.promise]);
      if (piece === undefined) throw new SlowBodyError("The body came too slowly");
      if (piece.done) return;
      bytes += piece.value.length;
      if (bytes >= STEP_BYTES) {
        bytes = 0;
        wait.renew();
      }
      yield piece.value;
    }
  } finally {
    // What nobody reads any more must not go on coming. The server lets go of it only when the client sends more, which is not waited for.
    void reader.cancel().catch(() => {});
  }
}
