/**
 * Has a client written in a thread of its own, in bounded time.
 *
 * @module
 */
import { ProtocolError } from "../../errors.ts";
import { askThread } from "../../transport/asked_thread.ts";
import type { ClientFacts } from "./client_text.ts";
import type { Written } from "./client_thread.ts";

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
  const written = await askThread<Written>(new URL("./client_thread.ts", import.meta.url), facts, { limitMs, signal });
  if (written !== undefined && "text" in written) return written.text;
  const why = written === undefined ? `that takes more than ${limitMs} ms` : written.failure;
  throw new ProtocolError(`Cannot make types of the schemas of "${facts.plugin}": ${why}`, { plugin: facts.plugin });
}
