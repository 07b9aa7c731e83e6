/**
 * Compares what came with what a vector expects: JSON, with a few words for "something like this".
 *
 * @module
 */

/** What is expected: JSON, in which an object with one `$` key is a matcher. */
export type Expected = null | boolean | number | string | readonly Expected[] | { readonly [key: string]: Expected };

/** Gives a value to a name in `{"$var": name}`. */
export type Variables = Readonly<Record<string, Expected>>;

type Matcher = (argument: Expected, actual: unknown, context: Context) => void;

interface Context {
  readonly place: string;
  readonly variables: Variables;
}

/** Throws, with the place of the first difference, unless `actual` is as expected. */
export function assertMatches(actual: unknown, expected: Expected, variables: Variables = {}): void {
  compare(actual, expected, { place: "$", variables });
}

function compare(actual: unknown, expected: Expected, context: Context): void {
  const matcher = matcherOf(expected);
  if (matcher !== undefined) return matcher.match(matcher.argument, actual, context);
  if (isList(expected)) return compareLists(actual, expected, context);
  if (typeof expected === "object" && expected !== null) return compareObjects(actual, expected, context);
  if (actual !== expected) differ(actual, JSON.stringify(expected), context);
}

const MATCHERS: Readonly<Record<string, Matcher>> = {
  /** A value of this type. */
  $any(argument, actual, context) {
    if (argument !== "anything" && !typesOf(actual).includes(String(argument))) differ(actual, `any ${argument}`, context);
  },
  /** A string that the pattern is found in. */
  $regex(argument, actual, context) {
    if (typeof actual !== "string" || !new RegExp(String(argument), "u").test(actual)) {
      differ(actual, `a string like /${argument}/`, context);
    }
  },
  /** A number from the first to the second, both included. */
  $between(argument, actual, context) {
    const [low, high] = argument as [number, number];
    if (typeof actual !== "number" || !(actual >= low && actual <= high)) differ(actual, `a number from ${low} to ${high}`, context);
  },
  /** An object with at least these members. */
  $has(argument, actual, context) {
    if (typeof actual !== "object" || actual === null) differ(actual, "an object", context);
    for (const [key, member] of Object.entries(argument as Record<string, Expected>)) {
      compare((actual as Record<string, unknown>)[key], member, at(context, key));
    }
  },
  /** Nothing there at all, or this. */
  $optional(argument, actual, context) {
    if (actual !== undefined) compare(actual, argument, context);
  },
  /** One of these. */
  $oneOf(argument, actual, context) {
    const isMatch = (one: Expected) => !throws(() => compare(actual, one, context));
    if (!(argument as readonly Expected[]).some(isMatch)) differ(actual, `one of ${JSON.stringify(argument)}`, context);
  },
  /** Nothing like this. */
  $not(argument, actual, context) {
    if (!throws(() => compare(actual, argument, context))) differ(actual, `anything but ${JSON.stringify(argument)}`, context);
  },
  /** A list of these, in any order. */
  $unordered(argument, actual, context) {
    const left = [...argument as readonly Expected[]];
    if (!Array.isArray(actual) || actual.length !== left.length) return differ(actual, `a list of ${left.length}`, context);
    for (const [index, item] of actual.entries()) {
      const found = left.findIndex((one) => !throws(() => compare(item, one, context)));
      if (found < 0) differ(item, `one of ${JSON.stringify(left)}`, at(context, String(index)));
      left.splice(found, 1);
    }
  },
  /** A list that has at least this item. */
  $includes(argument, actual, context) {
    const isItem = (item: unknown) => !throws(() => compare(item, argument, context));
    if (!Array.isArray(actual) || !actual.some(isItem)) differ(actual, `a list with ${JSON.stringify(argument)}`, context);
  },
  /** The value of a variable. */
  $var(argument, actual, context) {
    const value = context.variables[String(argument)];
    if (value === undefined) throw new Error(`There is no variable ${JSON.stringify(argument)}`);
    compare(actual, value, context);
  },
};

function matcherOf(expected: Expected): { match: Matcher; argument: Expected } | undefined {
  if (typeof expected !== "object" || expected === null || isList(expected)) return undefined;
  const [entry, ...more] = Object.entries(expected);
  if (entry === undefined || !entry[0].startsWith("$") || more.length > 0) return undefined;
  const match = MATCHERS[entry[0]];
  if (match === undefined) throw new Error(`There is no matcher ${JSON.stringify(entry[0])}`);
  return { match, argument: entry[1] };
}

function compareLists(actual: unknown, expected: readonly Expected[], context: Context): void {
  if (!Array.isArray(actual) || actual.length !== expected.length) differ(actual, JSON.stringify(expected), context);
  for (const [index, item] of expected.entries()) compare((actual as unknown[])[index], item, at(context, String(index)));
}

function compareObjects(actual: unknown, expected: { readonly [key: string]: Expected }, context: Context): void {
  if (typeof actual !== "object" || actual === null || Array.isArray(actual)) differ(actual, JSON.stringify(expected), context);
  const members = actual as Record<string, unknown>;
  for (const key of new Set([...Object.keys(expected), ...Object.keys(members)])) {
    if (!Object.hasOwn(expected, key)) differ(members[key], "no such member", at(context, key));
    compare(Object.hasOwn(members, key) ? members[key] : undefined, expected[key]!, at(context, key));
  }
}

function isList(expected: Expected): expected is readonly Expected[] {
  return Array.isArray(expected);
}

function typesOf(value: unknown): string[] {
  if (value === null) return ["null"];
  if (Array.isArray(value)) return ["array"];
  return Number.isInteger(value) ? ["number", "integer"] : [typeof value];
}

function throws(check: () => void): boolean {
  try {
    check();
    return false;
  } catch {
    return true;
  }
}

function at(context: Context, key: string): Context {
  return { ...context, place: `${context.place}/${key}` };
}

function differ(actual: unknown, wanted: string, context: Context): never {
  throw new Error(`At ${context.place}: expected ${wanted}, got ${JSON.stringify(actual)}`);
}
