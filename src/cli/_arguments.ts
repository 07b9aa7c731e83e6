/**
 * A plugin's arguments from the command line.
 *
 * @module
 */
import { UsageError } from "./_exit.ts";

/** Values by name, and those that stand alone. */
export interface CallArguments {
  readonly args: unknown[];
  readonly kwargs: Record<string, unknown>;
}

/**
 * Reads `--name value`, `--name=value`, `--flag` and `--no-flag`; other words are positional. Values are JSON where they read as such, and text
 * where not: `--beams 5` is a number, `--title '"5"'` a text. A name given twice becomes a list. Dashes in names become underscores.
 */
export function readArguments(words: readonly string[]): CallArguments {
  const args: unknown[] = [];
  const kwargs: Record<string, unknown> = {};
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const [, name, inline] = /^--([A-Za-z_][\w-]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) {
      if (word.startsWith("--")) throw new UsageError(`"${word}" is no argument. Write --name value`);
      args.push(readValue(word));
      continue;
    }
    const next = words[at + 1];
    const takesNext = inline === undefined && next !== undefined && !/^--[A-Za-z]/.test(next);
    if (takesNext) at++;
    const text = inline ?? (takesNext ? next : undefined);
    if (text === undefined && name.startsWith("no-")) put(kwargs, name.slice(3), false);
    else put(kwargs, name, text === undefined ? true : readValue(text));
  }
  return { args, kwargs };
}

/** Reads `name=value` pairs. */
export function readPairs(words: readonly string[]): Record<string, unknown> {
  const pairs = words.map((word): [string, unknown] => {
    const at = word.indexOf("=");
    if (at < 1) throw new UsageError(`"${word}" is no setting. Write name=value`);
    return [word.slice(0, at), readValue(word.slice(at + 1))];
  });
  return Object.fromEntries(pairs);
}

function put(kwargs: Record<string, unknown>, name: string, value: unknown): void {
  const key = name.replaceAll("-", "_");
  if (!Object.hasOwn(kwargs, key)) kwargs[key] = value;
  else kwargs[key] = Array.isArray(kwargs[key]) ? [...kwargs[key], value] : [kwargs[key], value];
}

function readValue(text: string): unknown {
  if (!/^(-?\d|[{["]|(true|false|null)$)/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
