/**
 * What a plugin tells of its methods.
 *
 * @module
 */
import { CallError } from "../errors.ts";
import type { SignaturesBody } from "../protocol/messages.ts";
import type { PluginInterface } from "./members.ts";

/** What a plugin's methods take and give; of a worker of the original's, which cannot tell, `undefined`. */
export async function toldSignatures(plugin: PluginInterface, signal: AbortSignal): Promise<SignaturesBody | undefined> {
  try {
    return await plugin.getSignatures({ signal });
  } catch (error) {
    if (error instanceof CallError && error.code === "not_supported") return undefined;
    throw error;
  }
}
