/**
 * What a plugin tells of its methods.
 *
 * @module
 */
import { CallError } from "../errors.ts";
import { type CalledEndpoint, isMethodEndpoint, methodName } from "../protocol/endpoints.ts";
import type { MethodSignature, SignaturesBody } from "../protocol/messages.ts";
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

/** What is told of the method that an endpoint runs. */
export function signatureAt(signatures: SignaturesBody, endpoint: CalledEndpoint): MethodSignature | undefined {
  if (!isMethodEndpoint(endpoint)) return signatures[endpoint];
  const [{ methods = {} }, name] = [signatures, methodName(endpoint)];
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}
