/**
 * What a plugin says that its methods take and give.
 *
 * @module
 */
import type { MethodSignature, SignaturesBody } from "../../protocol/messages.ts";
import type { JsonSchema, Plugin } from "../define_plugin.ts";

/** The signatures of a plugin's methods: its schemas, under the endpoints that they are about. */
export function signaturesOf(plugin: Plugin): SignaturesBody {
  const { argumentsSchema, resultSchema, chunkSchema } = plugin;
  // Without one of its own, the stream is what "execute" gives.
  const chunk = chunkSchema ?? (plugin.executeStream === undefined ? resultSchema : undefined);
  return {
    ...plugin.execute === undefined && plugin.executeBatch === undefined
      ? {}
      : { execute: signature(argumentsSchema, { result: resultSchema }) },
    execute_stream: signature(argumentsSchema, { chunk }),
  };
}

function signature(takes: JsonSchema | undefined, gives: Pick<MethodSignature, "result" | "chunk">): MethodSignature {
  return { arguments: takes, ...gives };
}
