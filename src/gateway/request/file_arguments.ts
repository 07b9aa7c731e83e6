/**
 * Which arguments of a plugin may be files.
 *
 * @module
 */
import { alternatives } from "../../plugin/schema_alternatives.ts";
import type { JsonSchema } from "../../plugin/type_schema.ts";
import { isRecord } from "../../protocol/json.ts";
import type { MethodSignature } from "../../protocol/messages.ts";

/** An argument that is a file, or a list of files. */
export interface FileArgument {
  /** What it is called. */
  readonly name: string;
  /** Whether it takes several. */
  readonly isList: boolean;
}

/** The arguments whose schemas name files: those of the type `bytes`, and paths. */
export function fileArguments({ arguments: root = {} }: MethodSignature): FileArgument[] {
  return argumentsOf(root).flatMap(({ name, schema }) => {
    const kind = fileKind(schema, root);
    return kind === undefined ? [] : [{ name, isList: kind === "list" }];
  });
}

/**
 * The argument for a body that is nothing but a file; `undefined` when none fits, or several do. It is the only argument that may be a file, or the only
 * required one of these. Where the plugin says no types, it is the only required argument.
 */
export function onlyFileArgument(signature: MethodSignature): string | undefined {
  const { arguments: root = {} } = signature;
  const files = fileArguments(signature).filter(({ isList }) => !isList).map(({ name }) => name);
  const untold = argumentsOf(root).filter(({ schema }) => alternatives(schema, root).length === 0).map(({ name }) => name);
  const needed: readonly unknown[] = Array.isArray(root.required) ? root.required : [];
  const isNeeded = (name: string): boolean => needed.includes(name);
  const only = [files, files.filter(isNeeded), untold.filter(isNeeded)].find(({ length }, at) =>
    length === 1 && (at < 2 || files.length === 0)
  );
  return only?.[0];
}

/** Whether a value of this schema may be a file, or a list of files. */
export function fileKind(schema: unknown, root: JsonSchema): "one" | "list" | undefined {
  const options = alternatives(schema, root);
  if (options.some(isFile)) return "one";
  return options.some(({ type, items }) => type === "array" && alternatives(items, root).some(isFile)) ? "list" : undefined;
}

function isFile({ type, format }: JsonSchema): boolean {
  return type === "string" && (format === "binary" || format === "path");
}

function argumentsOf({ properties }: JsonSchema): { readonly name: string; readonly schema: unknown }[] {
  return Object.entries(isRecord(properties) ? properties : {}).map(([name, schema]) => ({ name, schema }));
}
