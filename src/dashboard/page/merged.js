// @ts-check
/** Changes to a value that others may change as well. */
import { isObject, isSame, own } from "./given.js";

/**
 * A value of JSON with what somebody has changed: what was `before` and is `after` in a form. `undefined` is nothing.
 * @param {unknown} value
 * @param {{ readonly before: unknown, readonly after: unknown }} change
 * @returns {unknown}
 */
export function merged(value, { before, after }) {
  if (isSame(before, after)) return value;
  if (!isObject(value) || !isObject(before) || !isObject(after)) return after;
  const names = new Set([...Object.keys(value), ...Object.keys(after)]);
  const members = [...names].map((name) => [name, merged(own(value, name), { before: own(before, name), after: own(after, name) })]);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}
