/**
 * What a plugin says of its arguments, for words of a command line.
 *
 * @module
 */
import { resolve, toFileUrl } from "@std/path";
import { ArgumentTexts } from "../../plugin/argument_texts.ts";
import { alternatives } from "../../plugin/schema_alternatives.ts";
import * as texts from "../../plugin/text_values.ts";
import type { JsonSchema } from "../../plugin/type_schema.ts";
import { isRecord } from "../../protocol/json.ts";
import type { MethodSignature } from "../../protocol/messages.ts";
import { UsageError } from "../exit.ts";

/** The arguments of one method. */
export class ArgumentTypes {
  readonly #root: JsonSchema;
  readonly #texts: ArgumentTexts;
  readonly #positional: JsonSchema | undefined;

  /** A method of which nothing is known takes everything. */
  constructor({ arguments: root = {}, positional }: MethodSignature) {
    this.#root = root;
    this.#texts = new ArgumentTexts(root, { label: (name) => `--${name}`, bytesOf: fileAt });
    this.#positional = positional;
  }

  /** Whether there is an argument of this name. */
  knows(name: string): boolean {
    return this.#texts.knows(name);
  }

  /** Whether an argument is true or false, so that its name alone says enough. */
  isSwitch(name: string): boolean {
    const options = this.knows(name) ? alternatives(this.#texts.properties[name], this.#root) : [];
    return options.length > 0 && options.every(({ type }) => type === "boolean" || type === "null");
  }

  /** The value of what was written for a name. */
  named(name: string, given: readonly (string | boolean)[]): unknown {
    return asUsage(() => this.#texts.named(name, given));
  }

  /** The value of a word that stands alone, the first of which is number 0. */
  positional(at: number, text: string): unknown {
    const { prefixItems, items } = this.#positional ?? {};
    const own = Array.isArray(prefixItems) ? prefixItems[at] ?? items : undefined;
    const schema = this.#positional === undefined ? Object.values(this.#texts.properties)[at] : own;
    return asUsage(() => this.#texts.value(`Argument ${at + 1}`, text, alternatives(schema, this.#positional ?? this.#root)));
  }

  /** Makes sure that all that is needed is there. What stands alone fills the first places. */
  demand(names: ReadonlySet<string>, alone: number): void {
    const filled = this.#positional === undefined ? Object.keys(this.#texts.properties).slice(0, alone) : [];
    const required = Array.isArray(this.#root.required) ? this.#root.required as string[] : [];
    const missing = required.filter((name) => !names.has(name) && !filled.includes(name));
    if (missing.length === 0) return;
    throw new UsageError(`It needs ${missing.map((name) => this.#described(name)).join(", ")}`);
  }

  #described(name: string): string {
    const schema = this.#texts.properties[name];
    const { description } = isRecord(schema) ? schema : {};
    return typeof description === "string" ? `--${name} (${description.split("\n")[0]})` : `--${name}`;
  }
}

/** A file that the plugin is given as one. */
export function fileAt(path: string): URL {
  const file = resolve(path);
  try {
    Deno.statSync(file);
  } catch (cause) {
    throw new UsageError(`Cannot give the file "${path}": ${(cause as Error).message}`, { cause });
  }
  return toFileUrl(file);
}

/** JSON where it reads as such, and text where not. */
export function readValue(text: string): unknown {
  return asUsage(() => texts.readValue(text));
}

/**
 * Reads JSON; `undefined` when it is none.
 *
 * @throws {UsageError} When it holds an integer that would become another one.
 */
export function parseJson(text: string): unknown {
  return asUsage(() => texts.parseJson(text));
}

/** Whoever typed a text that is no value is told so. */
function asUsage<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof texts.TextValueError ? new UsageError(cause.message, { cause }) : cause;
  }
}
