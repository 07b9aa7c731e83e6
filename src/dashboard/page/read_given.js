// @ts-check
/** What stands in the inputs of a form, as the value that is meant, and what is wrong with it. */
import { isObject, isSame, itemInput, resolved, UNREADABLE } from "./given.js";

/**
 * @typedef {import("../form.ts").FieldInput} FieldInput
 * @typedef {import("../form.ts").TextInput} TextInput
 * @typedef {import("../form.ts").NumberInput} NumberInput
 * @typedef {import("../form.ts").ObjectInput} ObjectInput
 * @typedef {import("../form.ts").ListInput} ListInput
 * @typedef {import("../form.ts").Bounds} Bounds
 * @typedef {import("./given.js").Given} Given
 * @typedef {import("./given.js").GivenObject} GivenObject
 * @typedef {import("./given.js").GivenList} GivenList
 * @typedef {import("./given.js").GivenOption} GivenOption
 *
 * What is wrong, by the place at which it stands.
 * @typedef {Map<string, string>} Problems
 * @typedef {{ readonly value: unknown, readonly problems: Problems }} Read
 */

/**
 * The place of something inside of another place.
 * @param {string} place
 * @param {string | number} name
 */
export function placeIn(place, name) {
  return `${place}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/**
 * The value that is meant, `undefined` for nothing, and what is wrong with it.
 * @param {FieldInput} input
 * @param {Given} given
 * @param {{ readonly shared: Readonly<Record<string, FieldInput>>, readonly place: string }} form
 * @returns {Read}
 */
export function readGiven(input, given, { shared, place }) {
  const reader = new Reader(shared);
  return { value: reader.value(input, given, place), problems: reader.problems };
}

/** What is wrong where nothing is and something has to be. */
export const NEEDED = "This is needed";

class Reader {
  /** @type {Problems} */
  problems = new Map();

  /** @param {Readonly<Record<string, FieldInput>>} shared */
  constructor(shared) {
    this.shared = shared;
  }

  /**
   * @param {FieldInput} input
   * @param {Given} given
   * @param {string} place
   * @returns {unknown}
   */
  value(input, given, place) {
    if (input.kind === "constant") return input.value;
    if (given === undefined || given instanceof File) return given;
    if (typeof given === "object" && "json" in given) return this.#json(given.json, place);
    switch (input.kind) {
      case "object":
        return this.#object(input, /** @type {GivenObject} */ (given), place);
      case "list":
        return this.#list(input, /** @type {GivenList} */ (given), place);
      case "union": {
        const { option, given: inner } = /** @type {GivenOption} */ (given);
        return this.#added(/** @type {FieldInput} */ (input.options[option]?.input), inner, place);
      }
      case "shared":
        return this.value(resolved(input, this.shared), given, place);
      case "switch":
        return given;
      default:
        return this.#typed(input, String(given), place);
    }
  }

  /**
   * A value that has to be there.
   * @param {FieldInput} input
   * @param {Given} given
   * @param {string} place
   */
  #needed(input, given, place) {
    if (input.kind === "switch") return given ?? false;
    const value = this.value(input, given, place);
    if (value === undefined && !this.problems.has(place)) this.#problem(place, NEEDED);
    return value;
  }

  /**
   * A value that is there because somebody has added it. So an empty text is one.
   * @param {FieldInput} input
   * @param {Given} given
   * @param {string} place
   */
  #added(input, given, place) {
    const isEmpty = input.kind === "text" && input.format === "any" && (given ?? "") === "";
    return isEmpty ? this.#within("", input, place) : this.#needed(input, given, place);
  }

  /**
   * What somebody has typed or chosen. Nothing is nothing.
   * @param {FieldInput} input
   * @param {string} text
   * @param {string} place
   */
  #typed(input, text, place) {
    if (text === "") return undefined;
    if (input.kind === "choice") return input.choices[Number(text)];
    if (input.kind === "number") return this.#number(input, text, place);
    return input.kind === "text" ? this.#text(input, text, place) : this.#json(text, place);
  }

  /**
   * @param {TextInput} input
   * @param {string} text
   * @param {string} place
   */
  #text(input, text, place) {
    if (text === UNREADABLE && input.format !== "any") return this.#problem(place, "This is not complete");
    if (input.format === "email" && !/^[^@\s]+@[^@\s]+$/.test(text)) return this.#problem(place, "This is no address of e-mail");
    if (input.format === "uri" && !URL.canParse(text)) return this.#problem(place, 'This is no address such as "https://example.org"');
    return input.format === "date-time" ? new Date(text).toISOString() : this.#within(text, input, place);
  }

  /**
   * @param {string} text
   * @param {Bounds} bounds
   * @param {string} place
   */
  #within(text, bounds, place) {
    this.#bounded([...text].length, bounds, { place, unit: "character" });
    return text;
  }

  /**
   * @param {NumberInput} input
   * @param {string} text
   * @param {string} place
   */
  #number({ isWhole, min, max, above, below, step }, text, place) {
    const number = Number(text);
    if (!Number.isFinite(number)) return this.#problem(place, "This is no number");
    if (isWhole && !Number.isInteger(number)) return this.#problem(place, "This is no whole number");
    if (isWhole && !Number.isSafeInteger(number)) return this.#problem(place, "This is too large for a browser, which would change it");
    if (min !== undefined && number < min) return this.#problem(place, `The least is ${min}`);
    if (max !== undefined && number > max) return this.#problem(place, `The most is ${max}`);
    if (above !== undefined && number <= above) return this.#problem(place, `It has to be more than ${above}`);
    if (below !== undefined && number >= below) return this.#problem(place, `It has to be less than ${below}`);
    // Fractions are not exact: 0.3 is no whole number of 0.1.
    const rest = step === undefined ? 0 : Math.abs(number / step - Math.round(number / step));
    return rest > 1e-9 ? this.#problem(place, `It has to be a multiple of ${step}`) : number;
  }

  /**
   * @param {string} text
   * @param {string} place
   */
  #json(text, place) {
    if (text.trim() === "") return undefined;
    try {
      return JSON.parse(text);
    } catch {
      return this.#problem(place, "This is no JSON. A text is written in double quotes");
    }
  }

  /**
   * @param {ObjectInput} input
   * @param {GivenObject} given
   * @param {string} place
   */
  #object(input, { members, others }, place) {
    const fields = input.fields.map(({ name, input, isRequired }) => {
      const at = placeIn(place, name);
      return [name, isRequired ? this.#needed(input, members[name], at) : this.value(input, members[name], at)];
    });
    const rest = others.map(({ name, given }, at) => {
      const inner = placeIn(place, `+${at}`);
      const value = this.#added(/** @type {FieldInput} */ (input.others), given, inner);
      const isTaken = [...input.fields, ...others.slice(0, at)].some((one) => one.name === name);
      if (isTaken) this.#problem(inner, `There is "${name}" already`);
      return [name, value];
    });
    const value = Object.fromEntries([...fields, ...rest].filter(([, one]) => one !== undefined));
    this.#bounded(Object.keys(value).length, input, { place, unit: "member" });
    return value;
  }

  /**
   * @param {ListInput} input
   * @param {GivenList} given
   * @param {string} place
   */
  #list(input, { items }, place) {
    const value = items.map(({ given }, at) => this.#added(itemInput(input, at), given, placeIn(place, at)));
    this.#bounded(value.length, input, { place, unit: "item" });
    const isTwice = input.isSet && value.some((one, at) => value.slice(0, at).some((before) => isSame(before, one)));
    if (isTwice) this.#problem(place, "No two items may be the same");
    return value;
  }

  /**
   * @param {number} count
   * @param {Bounds} bounds
   * @param {{ readonly place: string, readonly unit: string }} what
   */
  #bounded(count, { min = 0, max = Infinity }, { place, unit }) {
    if (count < min) this.#problem(place, `It has to have ${counted(min, unit)} at least`);
    if (count > max) this.#problem(place, `It may have ${counted(max, unit)} at most`);
  }

  /**
   * @param {string} place
   * @param {string} problem
   */
  #problem(place, problem) {
    this.problems.set(place, problem);
    return undefined;
  }
}

/**
 * @param {number} count
 * @param {string} unit
 */
function counted(count, unit) {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/**
 * The arguments of a call, and what is wrong with them.
 * @param {import("../form.ts").MethodForm} form
 * @param {{ readonly named: Given, readonly positional: Given }} given
 * @returns {{ readonly kwargs: unknown, readonly args: unknown, readonly problems: Problems }}
 */
export function argumentsOf({ named, positional, shared }, given) {
  const kwargs = asObject(readGiven(named, given.named, { shared, place: "/kwargs" }), "/kwargs");
  const args = positional === undefined ? { value: [], problems: [] } : readGiven(positional, given.positional, { shared, place: "/args" });
  return { kwargs: kwargs.value, args: args.value ?? [], problems: new Map([...kwargs.problems, ...args.problems]) };
}

/**
 * What is written as JSON may be anything.
 * @param {Read} read
 * @param {string} place
 * @returns {Read}
 */
export function asObject({ value = {}, problems }, place) {
  return isObject(value) ? { value, problems } : { value, problems: new Map([...problems, [place, "This is no object of JSON"]]) };
}
