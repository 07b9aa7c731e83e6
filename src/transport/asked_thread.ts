/**
 * A thread that is asked one thing, and ended when its answer takes too long.
 *
 * @module
 */
import { Limit } from "../protocol/limit.ts";

/** What ends the wait for an answer before its time. */
export interface AskLimits {
  /** How long the answer may take, in milliseconds. That the thread takes time to start does not count. */
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks a thread, whose module calls {@linkcode answerHost}.
 *
 * @param url The thread's module.
 * @returns The answer, or `undefined` when it has taken too long.
 * @throws {unknown} What ended the thread before it had answered, or the signal's reason.
 */
export async function askThread<Answer>(url: URL, question: unknown, { limitMs, signal }: AskLimits): Promise<Answer | undefined> {
  const { Worker } = globalThis.process.getBuiltinModule("node:worker_threads");
  const thread = new Worker(url);
  const outcome = Promise.withResolvers<Answer | undefined>();
  const abort = () => outcome.reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  let limit: Limit | undefined;
  thread.on("message", (message: Answer | typeof READY) => {
    if (message !== READY) return outcome.resolve(message);
    limit = new Limit(limitMs, () => outcome.resolve(undefined));
    thread.postMessage(question);
  });
  thread.on("error", outcome.reject);
  try {
    return await outcome.promise;
  } finally {
    limit?.[Symbol.dispose]();
    signal?.removeEventListener("abort", abort);
    await thread.terminate();
  }
}

/**
 * Answers what {@linkcode askThread} asks. Deno lets a thread that is terminated go on until it comes back to its event loop, which one that is caught in
 * a pattern never does; but it stops at once a thread of `node:worker_threads` that holds a Web Lock. So this one holds a lock until it has answered.
 */
export function answerHost<Question>(answer: (question: Question) => unknown): void {
  const { parentPort, locks } = globalThis.process.getBuiltinModule("node:worker_threads");
  parentPort!.once("message", async (question: Question) => {
    const done = Promise.withResolvers<void>();
    void locks.request(crypto.randomUUID(), () => done.promise);
    parentPort!.postMessage(await answer(question));
    done.resolve();
  });
  parentPort!.postMessage(READY);
}

const READY = "ready";
