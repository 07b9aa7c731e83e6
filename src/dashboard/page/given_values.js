// @ts-check
/** What somebody has put into the fields of a form, as arguments. */

/**
 * @typedef {import("../fields.ts").Field} Field
 * @typedef {string | boolean | File} Given
 */

/** A field holds what its plugin does not take. */
export class FieldError extends Error {
  /** @override */
  name = "FieldError";
}

/**
 * The arguments of a call. What is left empty is none.
 * @param {readonly Field[]} fields
 * @param {Readonly<Record<string, Given | undefined>>} given
 * @returns {Record<string, unknown>}
 * @throws {FieldError} When a field holds what cannot be meant.
 */
export function argumentsOf(fields, given) {
  const all = fields.map((field) => [field.name, valueOf(field, given[field.name])]);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/**
 * @param {Field} field
 * @param {Given | undefined} given
 * @returns {unknown}
 */
function valueOf({ name, input }, given) {
  if (given === undefined || given === "") return undefined;
  if (typeof given !== "string") return given;
  switch (input.kind) {
    case "number":
      return numberOf(name, given);
    case "choice":
      return input.choices[Number(given)];
    case "json":
      return jsonOf(name, given);
    default:
      return given;
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function numberOf(name, text) {
  const number = Number(text);
  if (!Number.isFinite(number)) throw new FieldError(`"${name}" is no number`);
  return number;
}

/**
 * @param {string} name
 * @param {string} text
 */
function jsonOf(name, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new FieldError(`"${name}" is no JSON. A text is written in double quotes`);
  }
}
