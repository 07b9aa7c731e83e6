/**
 * Replies whose streams somebody follows to their end.
 *
 * @module
 */

/** The same reply. `onLeft` is called when its client leaves before the end of its stream. */
export function followed(response: Response, onLeft: () => void): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async (reason) => {
      onLeft();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return new Response(stream, response);
}
