/**
 * Texts of others at a terminal: what would steer it is shown.
 *
 * @module
 */

/**
 * What a terminal obeys instead of showing it: control characters of both sets, and the characters that turn around what others have written. A line
 * feed, alone or behind a carriage return, and a tab do no harm.
 */
// deno-lint-ignore no-control-regex
const STEERING = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)/g;

/** A text as a terminal may be given it: a character that would steer it stands as its number, `\x1b` or `\u202e`. */
export function visible(text: string): string {
  return text.replace(STEERING, escaped);
}

/** The same for a text that has one line: a second one could pass for another text. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll(/[\t\r\n]/g, escaped);
}

/** The same for JSON, which stays JSON: outside of its texts there is no such character. */
export function visibleJson(json: string): string {
  return json.replace(STEERING, (character) => `\\u${hexOf(character, 4)}`);
}

function escaped(character: string): string {
  if (character === "\r") return "\\r";
  return character <= "\xff" ? `\\x${hexOf(character, 2)}` : `\\u${hexOf(character, 4)}`;
}

function hexOf(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, "0");
}
