/**
 * The program's own colours.
 *
 * @module
 */
import * as colors from "@std/fmt/colors";

/** A text in a colour of the program's own: no text of somebody else's can have one. */
export interface Painted {
  readonly text: string;
  readonly paint: (text: string) => string;
}

/** A part of a line. */
export type Part = string | Painted;

/** A text in bold letters. */
export function bold(text: string): Painted {
  return { text, paint: colors.bold };
}

/** A text in green. */
export function green(text: string): Painted {
  return { text, paint: colors.green };
}

/** A text in yellow. */
export function yellow(text: string): Painted {
  return { text, paint: colors.yellow };
}

/** A text in red. */
export function red(text: string): Painted {
  return { text, paint: colors.red };
}
