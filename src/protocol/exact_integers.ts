/**
 * Integers in JSON that no number of JavaScript holds: `JSON.parse` would change them without a word.
 *
 * @module
 */

/** An integer that no number of JavaScript holds, and where it stands. */
export interface LongInteger {
  /** The members and items that lead to it. */
  readonly path: readonly string[];
  /** Its digits, as they were written. */
  readonly digits: string;
}

/** What counts as an integer that was changed. */
export interface LongIntegerOptions {
  /** Whether one that was read as infinite does. Default: true. */
  readonly infinite?: boolean;
}

/**
 * The first integer in a text of JSON that became another one when it was read; `undefined` when all stayed as they were.
 *
 * @param value What the text was read as. Only where it holds a large number the text is looked at.
 */
export function findLongInteger(
  value: unknown,
  text: () => string,
  { infinite = true }: LongIntegerOptions = {},
): LongInteger | undefined {
  const large = largeNumberIn(value);
  if (large === undefined) return undefined;
  const read: Reviver = (_, value, { source = "" }) =>
    typeof value === "number" && !isExact(value, source) && (infinite || Number.isFinite(value)) ? new Changed(source) : value;
  try {
    return find((JSON.parse as Parse)(text(), read));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Nested so deeply that no text is read a second time. It may be another one, and it may have stayed as it was.
    return { path: [], digits: String(large) };
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
type Parse = (text: string, reviver: Reviver) => unknown;

class Changed {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }
}

/** Whether JavaScript would write the number as it was written, or the number is that integer. */
function isExact(value: number, source: string): boolean {
  if (Number.isSafeInteger(value) || !/^-?\d+$/.test(source)) return true;
  return String(value) === source || Number.isFinite(value) && BigInt(value) === BigInt(source);
}

/** Neither this nor {@linkcode find} calls itself: what a worker sends may be nested as deeply as it likes. */
function largeNumberIn(root: unknown): number | undefined {
  const open: object[] = [[root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const large = Array.isArray(next) ? largeItem(next, open) : largeMember(next as Record<string, unknown>, open);
    if (large !== undefined) return large;
  }
  return undefined;
}

/** The first large number of an array; what else is to be looked into is added to `open`. */
function largeItem(items: readonly unknown[], open: object[]): number | undefined {
  for (const item of items) {
    if (isLarge(item)) return item;
    if (typeof item === "object" && item !== null) open.push(item);
  }
  return undefined;
}

/** The same for an object. No list of its members is made, for every frame comes by here. */
function largeMember(record: Record<string, unknown>, open: object[]): number | undefined {
  for (const key in record) {
    const member = record[key];
    if (isLarge(member)) return member;
    if (typeof member === "object" && member !== null) open.push(member);
  }
  return undefined;
}

function isLarge(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

/** A part of a value, and what it is a part of. */
interface Part {
  readonly value: unknown;
  readonly key: string;
  readonly holder?: Part;
}

function find(root: unknown): LongInteger | undefined {
  const open: Part[] = [{ value: typeof root === "object" && root !== null ? root : [], key: "" }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value } = next;
    if (value instanceof Changed) return { path: pathOf(next), digits: value.digits };
    for (const [key, member] of Object.entries(value as object).reverse()) {
      if (typeof member === "object" && member !== null) open.push({ value: member, key, holder: next });
    }
  }
  return undefined;
}

function pathOf(part: Part): string[] {
  const path: string[] = [];
  for (let at = part; at.holder !== undefined; at = at.holder) path.push(at.key);
  return path.reverse();
}
