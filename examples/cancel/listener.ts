/**
 * Waits for an hour, or until its signal aborts.
 *
 * @module
 */
// For the types alone. Outside this repository they are in "@remote-plugin/proxy/worker".
import type { CallContext } from "../../src/worker/mod.ts";

export default {
  execute({ kind }: { kind: string }, context: CallContext): string | Promise<string> {
    return kind === "answers" ? "free" : wait(context);
  },
};

async function wait({ signal, reportProgress }: CallContext): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve("nobody wanted it to stop"), 3_600_000);
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  reportProgress(0);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
