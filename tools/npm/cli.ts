/**
 * `@std/cli` from npm, with the types of the names in use, as JSR has them.
 *
 * The package there lacks the table of widths, so {@linkcode unicodeWidth} takes it from another one.
 *
 * @module
 */
import { parseArgs as stdParseArgs } from "deno-std/cli/parse_args.js";
import { eastAsianWidth } from "get-east-asian-width";

/** What {@linkcode parseArgs} is told of the flags. */
export interface ParseOptions<B extends string, S extends string, C extends string, D extends Record<string, unknown>> {
  boolean?: readonly B[];
  string?: readonly S[];
  collect?: readonly C[];
  negatable?: readonly string[];
  alias?: Readonly<Record<string, string | readonly string[]>>;
  default?: D;
  "--"?: boolean;
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What {@linkcode parseArgs} makes of the arguments: a flag without a default may be missing. */
export type Args<B extends string, S extends string, C extends string, D extends Record<string, unknown>> =
  & { [K in B]: boolean }
  & { [K in Exclude<S, C | keyof D>]: string | undefined }
  & { [K in S & keyof D & string]: string }
  & { [K in C]: string[] }
  & { [K in Exclude<keyof D & string, B | S>]: D[K] }
  & { _: (string | number)[]; "--"?: string[] };

/** How {@linkcode parseArgs} can be called. */
export type ParseArgs = <
  B extends string = never,
  S extends string = never,
  C extends string = never,
  D extends Record<string, unknown> = Record<never, never>,
>(args: readonly string[], options?: ParseOptions<B, S, C, D>) => Args<B, S, C, D>;

export const parseArgs: ParseArgs = stdParseArgs;

/** How many columns of a terminal a text takes. */
export function unicodeWidth(text: string): number {
  let width = 0;
  for (const character of text) width += /[\p{M}\p{Cc}\p{Cf}]/u.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);
  return width;
}
