// @ts-check
/** A line that a plugin has printed, as it is shown. */

/** The longest line that is shown, in characters. */
const MAX_LINE = 2_000;

/** What gives a terminal its colours. */
// deno-lint-ignore no-control-regex
const COLOURS = /\x1b\[[\d:;]*m/g;

/** What would steer the line or turn it around, but for a tab: as at a terminal. */
// deno-lint-ignore no-control-regex
const STEERING = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Colours of a terminal are left out, and what would steer the line stands as its number.
 * @param {string} text
 * @returns {string}
 */
export function shownLine(text) {
  const rest = text.length > MAX_LINE ? ` … of ${text.length} characters` : "";
  return text.slice(0, MAX_LINE).replaceAll(COLOURS, "").replaceAll(STEERING, numberOf) + rest;
}

/** @param {string} character */
function numberOf(character) {
  const number = character.charCodeAt(0).toString(16);
  return character <= "\xff" ? `\\x${number.padStart(2, "0")}` : `\\u${number}`;
}
