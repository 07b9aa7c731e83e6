/**
 * What a plugin says that its methods take and give.
 *
 * @module
 */
import type { MethodSignature, SignaturesBody } from "../../protocol/messages.ts";
import type { MethodSchemas, Plugin } from "../define_plugin.ts";
import type { MethodNames } from "./methods.ts";

/** The signatures of a plugin's methods: its schemas, under the endpoints and the names of methods that they are about. */
export function signaturesOf(plugin: Plugin, methods: MethodNames): SignaturesBody {
  const { argumentsSchema, resultSchema, chunkSchema, execute, executeStream, executeBatch, methodSchemas = {} } = plugin;
  // Without one of its own, the stream is what "execute" gives.
  const chunk = chunkSchema ?? (executeStream === undefined ? resultSchema : undefined);
  const own = [...methods.values()].sort().map((name) => [name, methodSignature(ownSchemas(methodSchemas, name))]);
  return {
    ...execute === undefined && executeBatch === undefined ? {} : { execute: { arguments: argumentsSchema, result: resultSchema } },
    ...execute === undefined && executeBatch === undefined && executeStream === undefined
      ? {}
      : { execute_stream: { arguments: argumentsSchema, chunk } },
    ...own.length === 0 ? {} : { methods: Object.fromEntries(own) },
  };
}

function ownSchemas(schemas: Readonly<Record<string, MethodSchemas>>, name: string): MethodSchemas {
  return Object.hasOwn(schemas, name) ? schemas[name]! : {};
}

function methodSignature({ description, argumentsSchema, resultSchema, chunkSchema }: MethodSchemas): MethodSignature {
  const result = resultSchema ?? (chunkSchema && { type: "array", items: chunkSchema });
  return { description, arguments: argumentsSchema, result, chunk: chunkSchema };
}
