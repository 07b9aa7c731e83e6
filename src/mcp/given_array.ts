/**
 * Arrays of numbers that a plugin gives, as numbers that can be read.
 *
 * @module
 */
import type { FileResult } from "../payload/file_result.ts";
import { NPY_MEDIA_TYPE } from "../protocol/media_types.ts";
import { type NdArray, parseNpy, type TypedArray } from "../protocol/npy.ts";

/** The most elements that are written out. */
const MAX_ELEMENTS = 1_000;

/** The most bytes of a file that may hold so many: eight each, and the header. */
const MAX_BYTES = 8 * MAX_ELEMENTS + 64 * 1024;

/** How many digits of an element say all of it. */
const DIGITS: Readonly<Record<string, number>> = { Float16Array: 4, Float32Array: 7 };

/** An array that is written out. */
export interface WrittenArray {
  /** The element type as numpy writes it. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The elements, in lists within lists. */
  readonly values: unknown;
}

/** The array that a file is; `undefined` when it is none, or one that is too large to be read. */
export async function writtenArray(file: FileResult): Promise<WrittenArray | undefined> {
  if (file.mediaType !== NPY_MEDIA_TYPE || file.size > MAX_BYTES) return undefined;
  const array = parsed(await file.bytes());
  if (array === undefined || array.data.length > MAX_ELEMENTS) return undefined;
  const { data, dtype, shape } = array;
  return { dtype, shape, values: nested(elements(data), shape) };
}

/** Some elements have no array in JavaScript: they stay a file. */
function parsed(bytes: Uint8Array<ArrayBuffer>): NdArray | undefined {
  try {
    return parseNpy(bytes);
  } catch {
    return undefined;
  }
}

function elements(data: TypedArray): unknown[] {
  const digits = DIGITS[data.constructor.name];
  return Array.from(data as ArrayLike<number | bigint>, (element) => {
    if (typeof element === "bigint") return Number.isSafeInteger(Number(element)) ? Number(element) : String(element);
    return digits === undefined || !Number.isFinite(element) ? element : Number(element.toPrecision(digits));
  });
}

/** Lists within lists, of these lengths from the outside in. */
function nested(all: readonly unknown[], [length, ...inner]: readonly number[]): unknown {
  if (length === undefined) return all[0];
  const each = inner.reduce((product, one) => product * one, 1);
  return Array.from({ length }, (_, at) => nested(all.slice(at * each, (at + 1) * each), inner));
}
