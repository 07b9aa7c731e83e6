/**
 * A plugin's arguments from the command line.
 *
 * @module
 */
import type { JsonSchema } from "../../plugin/type_schema.ts";
import type { MethodSignature } from "../../protocol/messages.ts";
import { ArgumentTypes, readValue } from "./argument_types.ts";
import { UsageError } from "../exit.ts";

/** Values by name, and those that stand alone. */
export interface CallArguments {
  readonly args: unknown[];
  readonly kwargs: Record<string, unknown>;
}

/** What was written for one name: texts, and `true` or `false` for a name alone. */
type Given = string | boolean;

/**
 * Reads `--name value`, `--name=value`, `--flag` and `--no-flag`; other words are positional. Dashes in names become underscores.
 *
 * Values become what the plugin says that it takes. Where it does not say they are JSON where they read as such, and text where not: `--beams 5` is a
 * number, `--title '"5"'` a text; and a name given twice becomes a list.
 *
 * @throws {UsageError} When they are not what the plugin takes.
 */
export function readArguments(words: readonly string[], signature: MethodSignature = {}): CallArguments {
  const types = new ArgumentTypes(signature);
  const { positional, named } = readWords(words, types);
  const kwargs = Object.fromEntries([...named].map(([name, given]) => [name, types.named(name, given)]));
  return { args: positional.map((text, at) => types.positional(at, text)), kwargs };
}

/**
 * Makes sure that all is there that the plugin needs.
 *
 * @throws {UsageError} When something is not.
 */
export function demandArguments({ args, kwargs }: CallArguments, signature: MethodSignature = {}): void {
  new ArgumentTypes(signature).demand(new Set(Object.keys(kwargs)), args.length);
}

function readWords(words: readonly string[], types: ArgumentTypes): { positional: string[]; named: Map<string, Given[]> } {
  const positional: string[] = [];
  const named = new Map<string, Given[]>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const [, dashed, inline] = /^--([\p{L}_][\p{L}\p{M}\p{N}_-]*)(?:=(.*))?$/su.exec(word) ?? [];
    if (dashed === undefined) {
      if (word.startsWith("--")) throw new UsageError(`"${word}" is no argument. Write --name value`);
      positional.push(word);
      continue;
    }
    const name = dashed.replaceAll("-", "_");
    const text = inline ?? (takesNext(words[at + 1], types.isSwitch(name)) ? words[++at] : undefined);
    const isOff = text === undefined && name.startsWith("no_") && !types.knows(name);
    const key = isOff ? name.slice("no_".length) : name;
    named.set(key, [...named.get(key) ?? [], text ?? !isOff]);
  }
  return { positional, named };
}

/** Whether the word after a name is its value: a name whose values are true and false needs none. */
function takesNext(next: string | undefined, isSwitch: boolean): boolean {
  return next !== undefined && (isSwitch ? /^(true|false)$/.test(next) : !/^--[A-Za-z]/.test(next));
}

/** Reads `name=value` pairs, the values as the schema of the whole says. What fits nowhere is left to whoever checks it. */
export function readPairs(words: readonly string[], schema: JsonSchema = {}): Record<string, unknown> {
  const types = new ArgumentTypes({ arguments: schema });
  const pairs = words.map((word): [string, unknown] => {
    const at = word.indexOf("=");
    if (at < 1) throw new UsageError(`"${word}" is no setting. Write name=value`);
    const [name, text] = [word.slice(0, at), word.slice(at + 1)];
    return [name, types.knows(name) ? valueOf(types, name, text) : readValue(text)];
  });
  return Object.fromEntries(pairs);
}

function valueOf(types: ArgumentTypes, name: string, text: string): unknown {
  try {
    return types.named(name, [text]);
  } catch (error) {
    if (error instanceof UsageError) return readValue(text);
    throw error;
  }
}
