/**
 * Tells apart what a plugin may return.
 *
 * @module
 */

/** Any object whose items can be asked for. */
export type Items = AsyncIterable<unknown> | Iterable<unknown>;

/** Whether a value is an object with items: an array, a set, a generator. A string is not. */
export function isIterable(value: unknown): value is Items {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** Whether a value makes its items as it is asked for them, as a generator does. An array is a value of its own. */
export function isIterator(value: unknown): value is Items {
  return isIterable(value) && "next" in value && typeof value.next === "function";
}
