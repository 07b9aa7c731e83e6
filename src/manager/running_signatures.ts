/**
 * What a plugin that runs tells of its methods.
 *
 * @module
 */
import type { SignaturesBody } from "../protocol/messages.ts";
import type { Entry } from "./entry.ts";

/** How long a worker may take to tell, in milliseconds. */
const LIMIT_MS = 2_000;

/** Asks a worker that is there. It is no use of the plugin: it starts nothing and keeps nothing from being let go. */
export async function runningSignatures({ pool }: Entry): Promise<SignaturesBody | undefined> {
  try {
    return await pool?.latest?.plugin.ask("getSignatures", { timeoutMs: LIMIT_MS });
  } catch {
    return undefined;
  }
}
