// @ts-check
/** What is said below an input. */

/**
 * What a value is, in the plugin's words, and which ones it takes.
 * @param {import("../form.ts").FieldInput} input
 * @param {string} description
 */
export function noteOf(input, description) {
  return [description, ...limitsOf(input)].filter((text) => text !== "").join(". ");
}

/**
 * @param {import("../form.ts").FieldInput} input
 * @returns {readonly string[]}
 */
function limitsOf(input) {
  switch (input.kind) {
    case "json":
      return [input.reason ?? ""];
    case "number": {
      const { above, below, step } = input;
      return [rangeOf(input, ""), told("More than", above), told("Less than", below), told("A multiple of", step)];
    }
    case "text":
      return [rangeOf(input, " characters"), told("Matches", input.pattern)];
    case "list":
      return [rangeOf(input, " items"), input.isSet ? "No two the same" : ""];
    case "object":
      return [rangeOf(input, " members")];
    default:
      return [];
  }
}

/**
 * @param {import("../form.ts").Bounds} bounds
 * @param {string} unit
 */
function rangeOf({ min, max }, unit) {
  if (min !== undefined && max !== undefined) return min === max ? `${min}${unit}` : `${min} to ${max}${unit}`;
  return told("At least", min, unit) + told("At most", max, unit);
}

/**
 * @param {string} text
 * @param {string | number | undefined} limit
 * @param {string} [unit]
 */
function told(text, limit, unit = "") {
  return limit === undefined ? "" : `${text} ${limit}${unit}`;
}
