// @ts-check
/** What stands in the inputs of a form: what they show at first, and how it changes. */

/**
 * @typedef {import("../form.ts").FieldInput} FieldInput
 * @typedef {import("../form.ts").ObjectInput} ObjectInput
 * @typedef {import("../form.ts").ListInput} ListInput
 * @typedef {Readonly<Record<string, FieldInput>>} Shared
 *
 * What stands in one input. `undefined` is nothing: the value is left out.
 * @typedef {undefined | string | boolean | File | GivenObject | GivenList | GivenOption | GivenJson} Given
 * @typedef {{ readonly members: Readonly<Record<string, Given>>, readonly others: readonly GivenMember[] }} GivenObject
 * @typedef {{ readonly id: symbol, readonly given: Given }} GivenItem
 * @typedef {GivenItem & { readonly name: string }} GivenMember
 * @typedef {{ readonly items: readonly GivenItem[] }} GivenList
 * @typedef {{ readonly option: number, readonly given: Given }} GivenOption
 * What is written as JSON, because the input cannot show it or somebody likes it better.
 * @typedef {{ readonly json: string }} GivenJson
 */

/** What a browser says of a date or a number of which it cannot make one. */
export const UNREADABLE = "?";

/**
 * What an input is made of.
 * @param {FieldInput} input
 * @param {Shared} shared
 * @returns {FieldInput}
 */
export function resolved(input, shared) {
  return input.kind === "shared" ? /** @type {FieldInput} */ (shared[input.name]) : input;
}

/**
 * What a value that has to be given begins with.
 * @param {FieldInput} input
 * @returns {Given}
 */
export function begun(input) {
  switch (input.kind) {
    case "object":
      return {
        members: Object.fromEntries(input.fields.map(({ name, input, isRequired }) => [name, isRequired ? begun(input) : undefined])),
        others: [],
      };
    case "list":
      return {
        items: Array.from({ length: Math.min(Math.max(input.min ?? 0, 0), MAX_BEGUN) }, (_, at) => itemOf(begun(itemInput(input, at)))),
      };
    case "union":
      return { option: 0, given: begun(/** @type {FieldInput} */ (input.options[0]?.input)) };
    case "switch":
      return false;
    case "constant":
      return true;
    default:
      // An input that holds itself would never end.
      return undefined;
  }
}

/** The most items that a list begins with: a plugin may ask for any number. */
const MAX_BEGUN = 100;

/**
 * @param {Given} given
 * @returns {GivenItem}
 */
export function itemOf(given) {
  return { id: Symbol(), given };
}

/**
 * The input of an item by its place.
 * @param {ListInput} input
 * @param {number} at
 * @returns {FieldInput}
 */
export function itemInput({ first, rest }, at) {
  return first[at] ?? rest ?? { kind: "json", reason: "The plugin takes fewer items" };
}

/**
 * What shows a value. JSON does where the input cannot.
 * @param {FieldInput} input
 * @param {unknown} value
 * @param {Shared} shared
 * @returns {Given}
 */
export function givenOf(input, value, shared) {
  if (value === undefined) return undefined;
  if (!suits(input, value, shared)) return unfit(input, value);
  switch (input.kind) {
    case "object":
      return givenObject(input, /** @type {Record<string, unknown>} */ (value), shared);
    case "list":
      return { items: /** @type {unknown[]} */ (value).map((one, at) => itemOf(whole(itemInput(input, at), one, shared))) };
    case "union": {
      const option = input.options.findIndex((one) => fits(one.input, value, shared));
      return { option, given: givenOf(/** @type {FieldInput} */ (input.options[option]?.input), value, shared) };
    }
    case "shared":
      return givenOf(resolved(input, shared), value, shared);
    case "choice":
      return String(indexIn(input.choices, value));
    case "switch":
      return /** @type {boolean} */ (value);
    case "constant":
      return true;
    case "json":
      return JSON.stringify(value, null, 2);
    case "text":
      return input.format === "date-time" ? localTime(/** @type {string} */ (value)) : /** @type {string} */ (value);
    default:
      return textOf(value);
  }
}

/**
 * @param {ObjectInput} input
 * @param {Record<string, unknown>} value
 * @param {Shared} shared
 * @returns {GivenObject}
 */
function givenObject({ fields, others }, value, shared) {
  const members = Object.fromEntries(fields.map(({ name, input }) => [name, givenOf(input, own(value, name), shared)]));
  const rest = others === undefined ? [] : Object.entries(value).filter(([name]) => !fields.some((field) => field.name === name));
  return { members, others: rest.map(([name, one]) => ({ name, ...itemOf(whole(/** @type {FieldInput} */ (others), one, shared)) })) };
}

/**
 * An item is given as a whole, and so it is shown as a whole.
 * @param {FieldInput} input
 * @param {unknown} value
 * @param {Shared} shared
 */
function whole(input, value, shared) {
  return fits(input, value, shared) ? givenOf(input, value, shared) : unfit(input, value);
}

/**
 * A value that its input cannot show.
 * @param {FieldInput} input
 * @param {unknown} value
 * @returns {Given}
 */
function unfit(input, value) {
  if (value === null || input.kind === "file") return undefined;
  return isSimple(input) ? textOf(value) : { json: JSON.stringify(value, null, 2) };
}

/**
 * Whether an input can show a value, apart from what lies in it.
 * @param {FieldInput} input
 * @param {unknown} value
 * @param {Shared} shared
 */
function suits(input, value, shared) {
  const { kind } = resolved(input, shared);
  return kind === "object" ? isObject(value) : kind === "list" ? Array.isArray(value) : fits(input, value, shared);
}

/**
 * Whether an input can show a value.
 * @param {FieldInput} input
 * @param {unknown} value
 * @param {Shared} shared
 * @returns {boolean}
 */
function fits(input, value, shared) {
  switch (input.kind) {
    case "object":
      return isObject(value) && fitsObject(input, value, shared);
    case "list":
      return Array.isArray(value) && (input.rest !== undefined || value.length <= input.first.length) &&
        value.every((one, at) => fits(itemInput(input, at), one, shared));
    case "union":
      return input.options.some((one) => fits(one.input, value, shared));
    case "shared":
      return fits(resolved(input, shared), value, shared);
    case "choice":
      return indexIn(input.choices, value) >= 0;
    case "constant":
      return isSame(input.value, value);
    case "switch":
      return typeof value === "boolean";
    case "number":
      return typeof value === "number" && (!input.isWhole || Number.isInteger(value));
    case "text":
      return typeof value === "string" && (input.format !== "date-time" || localTime(value) !== "");
    case "file":
      return false;
    default:
      return true;
  }
}

/**
 * @param {ObjectInput} input
 * @param {Record<string, unknown>} value
 * @param {Shared} shared
 */
function fitsObject({ fields, others }, value, shared) {
  const known = new Map(fields.map((field) => [field.name, field.input]));
  if (fields.some(({ name, isRequired }) => isRequired && !Object.hasOwn(value, name))) return false;
  return Object.entries(value).every(([name, one]) => {
    const input = known.get(name) ?? others;
    return input !== undefined && fits(input, one, shared);
  });
}

/** @param {FieldInput} input */
export function isSimple({ kind }) {
  return kind === "text" || kind === "number" || kind === "file" || kind === "json" || kind === "choice" || kind === "switch" ||
    kind === "constant";
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/**
 * A point in time as a browser's input shows it: in the time of whoever looks. Empty for what is none.
 * @param {string} text
 */
function localTime(text) {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return "";
  return new Date(time.getTime() - 60_000 * time.getTimezoneOffset()).toISOString().slice(0, 19);
}

/**
 * @param {Record<string, unknown>} value
 * @param {string} name
 */
export function own(value, name) {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {readonly unknown[]} values
 * @param {unknown} value
 */
function indexIn(values, value) {
  return values.findIndex((one) => isSame(one, value));
}

/**
 * Whether two values of JSON are the same, in whatever order their members are.
 * @param {unknown} one
 * @param {unknown} other
 * @returns {boolean}
 */
export function isSame(one, other) {
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((item, at) => isSame(item, other[at]));
  if (!isObject(one)) return one === other;
  const names = Object.keys(one);
  return isObject(other) && names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]));
}
