/**
 * Which values are small, and come back from JSON as they were.
 *
 * @module
 */

/** The most characters that a small value has in all its texts and keys. */
export const MAX_CHARACTERS = 5_000;

/** To look through larger values would take what is won by it. */
const MAX_VALUES = 256;

/** Whether JSON carries a value as it is, and not much of it. A key without a value counts as none. */
export function isSmallJson(value: unknown): boolean {
  return new Measure().fits(value);
}

class Measure {
  #values = MAX_VALUES;
  #characters = MAX_CHARACTERS;

  fits(value: unknown): boolean {
    if (--this.#values < 0) return false;
    switch (typeof value) {
      case "undefined":
      case "boolean":
        return true;
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0);
      case "string":
        return (this.#characters -= value.length) >= 0;
      case "object":
        return value === null || this.#fitsInside(value);
      default:
        return false;
    }
  }

  #fitsInside(value: object): boolean {
    if (Array.isArray(value)) return value.every((item) => item !== undefined && this.fits(item));
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return false;
    for (const key in value) {
      if ((this.#characters -= key.length) < 0 || !this.fits((value as Record<string, unknown>)[key])) return false;
    }
    return true;
  }
}
