/**
 * Places in values: JSON Pointers for the wire, JSON paths for people.
 *
 * @module
 */

/** Text of the other side, for a message. */
export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/**
 * The path of a JSON Pointer.
 *
 * @throws {TypeError} When it is none.
 */
export function parsePointer(pointer: string): string[] {
  if (pointer !== "" && !pointer.startsWith("/")) throw new TypeError(`"${shortened(pointer)}" of "types" is no pointer`);
  return pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The JSON Pointer of a path. */
export function toPointer(path: readonly string[]): string {
  return path.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** A path as messages show it, for example `$.kwargs.when`. One that is very long is cut. */
export function toPlace(path: readonly (string | number)[]): string {
  return "$" +
    path.slice(0, MAX_SHOWN).map((part) =>
      /^\d+$/.test(String(part)) ? `[${part}]` : IDENTIFIER.test(String(part)) ? `.${part}` : `[${JSON.stringify(part)}]`
    ).join("") + (path.length > MAX_SHOWN ? "…" : "");
}

const IDENTIFIER = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;
const MAX_SHOWN = 32;
