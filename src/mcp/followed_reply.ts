/**
 * Replies whose streams somebody follows to their end.
 *
 * @module
 */

/** What belongs to the stream of a reply. */
export interface FollowOptions {
  /** Called when the client leaves before its end. */
  readonly onLeft?: () => void;
  /** Called once, at its end or when the client leaves. */
  readonly onEnd?: () => void;
  /** Ends it in order when it is aborted. */
  readonly until?: AbortSignal | undefined;
}

/** The same reply, followed. One without a stream has ended already. */
export function followed(response: Response, { onLeft, onEnd, until }: FollowOptions): Response {
  const reader = response.body?.getReader();
  if (reader === undefined) {
    onEnd?.();
    return response;
  }
  // Whoever waits for the next piece is told that there is none.
  const end = () => void reader.cancel();
  until?.addEventListener("abort", end, { once: true });
  const close = () => {
    until?.removeEventListener("abort", end);
    onEnd?.();
  };
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      close();
      controller.close();
    },
    cancel: async (reason) => {
      onLeft?.();
      close();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return new Response(stream, response);
}
