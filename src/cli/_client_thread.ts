/**
 * Has a client written in a thread of its own, in bounded time.
 *
 * @module
 */
import { Limit } from "../protocol/limit.ts";
import { ProtocolError } from "../errors.ts";
import type { ClientFacts } from "./_client_text.ts";
import type { Written } from "./gen_thread.ts";

/** What ends the writing before its time. */
export interface WritingLimits {
  readonly signal: AbortSignal;
  /** How long it may take, in milliseconds. Default: 20,000; large schemas take 1,000. */
  readonly limitMs?: number;
}

/**
 * The client's text.
 *
 * @throws {ProtocolError} When no types can be made of the plugin's schemas, or not in time.
 */
export async function writeClient(facts: ClientFacts, { signal, limitMs = 20_000 }: WritingLimits): Promise<string> {
  const thread = new Worker(new URL("./gen_thread.ts", import.meta.url).href, { type: "module" });
  const outcome = Promise.withResolvers<Written>();
  const abort = () => outcome.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  let limit: Limit | undefined;
  thread.onmessage = ({ data }: MessageEvent<Written | "ready">) => {
    if (data !== "ready") return outcome.resolve(data);
    limit = new Limit(limitMs, () => outcome.resolve({ failure: `that takes more than ${limitMs} ms` }));
    thread.postMessage(facts);
  };
  thread.onerror = (event) => {
    event.preventDefault();
    outcome.resolve({ failure: event.message });
  };
  try {
    const written = await outcome.promise;
    if ("text" in written) return written.text;
    throw new ProtocolError(`Cannot make types of the schemas of "${facts.plugin}": ${written.failure}`, { plugin: facts.plugin });
  } finally {
    limit?.[Symbol.dispose]();
    signal.removeEventListener("abort", abort);
    thread.terminate();
  }
}
