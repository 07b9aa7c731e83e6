// @ts-check
/** What somebody has put into the fields of a form, as arguments. */

/**
 * @typedef {import("../fields.ts").Field} Field
 * @typedef {import("../fields.ts").MethodForm} Form
 * @typedef {Pick<Form, "fields" | "isWhole">} MethodForm
 * @typedef {MethodForm & { readonly current: Readonly<Record<string, unknown>> }} ConfigurationForm
 * @typedef {string | boolean | File} Given
 * @typedef {Readonly<Record<string, Given | undefined>>} GivenValues
 */

/** A field holds what its plugin does not take. */
export class FieldError extends Error {
  /** @override */
  name = "FieldError";
}

/**
 * The arguments of a call. What is left empty is none.
 * @param {MethodForm} form
 * @param {GivenValues} given
 * @returns {Record<string, unknown>}
 * @throws {FieldError} When a field holds what cannot be meant.
 */
export function argumentsOf({ fields, isWhole }, given) {
  const [whole] = isWhole ? fields : [];
  if (whole !== undefined) return wholeOf(whole, given) ?? {};
  const all = fields.map((field) => [field.name, valueOf(field, given[field.name])]);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/**
 * A configuration with what somebody has changed. What has no field stays, and what is emptied goes.
 * @param {ConfigurationForm} form
 * @param {GivenValues} given
 * @returns {Record<string, unknown>}
 * @throws {FieldError} When a field holds what cannot be meant.
 */
export function configurationOf({ fields, isWhole, current }, given) {
  const [whole] = isWhole ? fields : [];
  if (whole !== undefined) return wholeOf(whole, given) ?? current;
  const changed = fields.filter(({ name }) => given[name] !== undefined);
  const kept = Object.entries(current).filter(([name]) => given[name] === undefined);
  return { ...Object.fromEntries(kept), ...argumentsOf({ fields: changed, isWhole }, given) };
}

/**
 * What a field of a configuration shows before somebody changes it.
 * @param {Field} field
 * @param {ConfigurationForm} form
 * @returns {string | boolean | undefined}
 */
export function shownIn({ name, input }, { isWhole, current }) {
  const value = isWhole ? current : current[name];
  if (value === undefined || typeof value === "boolean") return input.kind === "json" ? JSON.stringify(value) : value;
  if (input.kind === "choice") return String(input.choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(value)));
  return input.kind === "json" || typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
}

/**
 * @param {Field} field
 * @param {GivenValues} given
 * @returns {Record<string, unknown> | undefined}
 */
function wholeOf(field, given) {
  const value = valueOf(field, given[field.name]);
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new FieldError(`"${field.name}" is no object of JSON`);
  return /** @type {Record<string, unknown>} */ (value);
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
