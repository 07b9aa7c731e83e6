/**
 * The `.npy` format of numpy, versions 1 to 3: how arrays travel, section 7 of `docs/protocol.md`.
 *
 * @module
 */

/** The arrays of numbers that JavaScript has. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float16Array
  | Float32Array
  | Float64Array;

/** The arrays of JavaScript that hold the element types of numpy, by numpy's names without unit and byte order. */
export type ElementArrays = Readonly<
  & Record<"bool" | "uint8", Uint8Array>
  & Record<"int8", Int8Array>
  & Record<"int16", Int16Array>
  & Record<"uint16", Uint16Array>
  & Record<"int32", Int32Array>
  & Record<"uint32", Uint32Array>
  & Record<"int64" | "datetime64" | "timedelta64", BigInt64Array>
  & Record<"uint64", BigUint64Array>
  & Record<"float16", Float16Array>
  & Record<"float32", Float32Array>
  & Record<"float64", Float64Array>
>;

/** The name of an element type. */
export type ElementName = keyof ElementArrays;

/** An array of numbers with a shape, in C order: the last index changes first. */
export interface NdArray<Data extends TypedArray = TypedArray> {
  /** The elements, in this machine's byte order. */
  readonly data: Data;
  /** The length of each dimension; empty for a single number. */
  readonly shape: readonly number[];
  /**
   * The element type as numpy writes it, for example `"<f4"`, or `"|b1"` for booleans, whose elements are 0 and 1. The elements of `"<M8[ns]"`, points in
   * time, count nanoseconds, or what else stands in the brackets, since 1970, those of `"<m8[ns]"` durations; the least 64-bit integer is "not a time".
   */
  readonly dtype: string;
}

interface ElementType {
  readonly name: ElementName;
  readonly bytes: number;
  /** Views a buffer as an array of this type. */
  readonly view: (buffer: ArrayBuffer, offset: number, length: number) => TypedArray;
}

const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = {
  b1: { name: "bool", bytes: 1, view: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
  i1: { name: "int8", bytes: 1, view: (buffer, offset, length) => new Int8Array(buffer, offset, length) },
  u1: { name: "uint8", bytes: 1, view: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
  i2: { name: "int16", bytes: 2, view: (buffer, offset, length) => new Int16Array(buffer, offset, length) },
  u2: { name: "uint16", bytes: 2, view: (buffer, offset, length) => new Uint16Array(buffer, offset, length) },
  i4: { name: "int32", bytes: 4, view: (buffer, offset, length) => new Int32Array(buffer, offset, length) },
  u4: { name: "uint32", bytes: 4, view: (buffer, offset, length) => new Uint32Array(buffer, offset, length) },
  i8: { name: "int64", bytes: 8, view: (buffer, offset, length) => new BigInt64Array(buffer, offset, length) },
  M8: { name: "datetime64", bytes: 8, view: (buffer, offset, length) => new BigInt64Array(buffer, offset, length) },
  m8: { name: "timedelta64", bytes: 8, view: (buffer, offset, length) => new BigInt64Array(buffer, offset, length) },
  u8: { name: "uint64", bytes: 8, view: (buffer, offset, length) => new BigUint64Array(buffer, offset, length) },
  f2: { name: "float16", bytes: 2, view: (buffer, offset, length) => new Float16Array(buffer, offset, length) },
  f4: { name: "float32", bytes: 4, view: (buffer, offset, length) => new Float32Array(buffer, offset, length) },
  f8: { name: "float64", bytes: 8, view: (buffer, offset, length) => new Float64Array(buffer, offset, length) },
};

const DTYPES: Readonly<Record<string, string>> = {
  Int8Array: "|i1",
  Uint8Array: "|u1",
  Uint8ClampedArray: "|u1",
  Int16Array: "i2",
  Uint16Array: "u2",
  Int32Array: "i4",
  Uint32Array: "u4",
  BigInt64Array: "i8",
  BigUint64Array: "u8",
  Float16Array: "f2",
  Float32Array: "f4",
  Float64Array: "f8",
};

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const OWN_ORDER = IS_LITTLE_ENDIAN ? "<" : ">";
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** The data begins at a multiple of this, so that a mapped or loaded file can be viewed as it lies. */
const ALIGNMENT = 64;

/** The dtype of a typed array, in numpy's words. */
export function dtypeOf(data: TypedArray): string {
  // The tag survives subclasses and other realms, which the constructor's name does not.
  const dtype = DTYPES[data[Symbol.toStringTag] as string]!;
  return dtype.startsWith("|") ? dtype : OWN_ORDER + dtype;
}

/** How the elements of an array are to be read. */
export interface NpyLayout {
  /** Default: one dimension of all elements. */
  readonly shape?: readonly number[];
  /** `"F"` when the first index changes first, as in Fortran. Default: `"C"`. */
  readonly order?: "C" | "F";
}

/**
 * The header of a `.npy` file; the array's bytes follow it as they lie in memory.
 *
 * @throws {RangeError} When the shape does not hold as many elements as there are.
 */
export function npyHeader(data: TypedArray, { shape = [data.length], order = "C" }: NpyLayout = {}): Uint8Array<ArrayBuffer> {
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0) || countOf(shape) !== data.length) {
    throw new RangeError(`An array of ${data.length} elements cannot have the shape [${shape.join(", ")}]`);
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${dtypeOf(data)}', 'fortran_order': ${order === "F" ? "True" : "False"}, 'shape': ${tuple}, }`;
  const length = Math.ceil((MAGIC.length + 4 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = new Uint8Array(length);
  header.set(MAGIC);
  header.set([1, 0], MAGIC.length);
  new DataView(header.buffer).setUint16(8, length - 10, true);
  header.set(new TextEncoder().encode(`${text.padEnd(length - 11)}\n`), 10);
  return header;
}

/**
 * Reads a `.npy` file. The elements are viewed where they lie when byte order, memory order and alignment allow it, and copied otherwise.
 *
 * @param elements The element type that it must have. Default: any.
 * @throws {TypeError} When it is no such file, is cut short, or has elements of another type, or ones that JavaScript has no array for.
 */
export function parseNpy<Name extends ElementName = ElementName>(
  bytes: Uint8Array<ArrayBuffer>,
  elements?: Name,
): NdArray<ElementArrays[Name]> {
  const { text, end } = headerOf(bytes);
  const descr = DESCRIPTION.exec(text);
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1]?.split(",").filter((part) => part.trim() !== "").map(Number);
  if (order === undefined || shape === undefined) throw new TypeError("The header of the .npy file cannot be read");
  const [, endian = "", kind = "", unit = ""] = descr ?? [];
  const type = ELEMENT_TYPES[kind];
  if (type === undefined) throw new TypeError(`No array of JavaScript holds the elements of this .npy file: ${text.trim()}`);
  if (elements !== undefined && type.name !== elements) {
    throw new TypeError(`The elements of this .npy file are "${type.name}", and not "${elements}" as asked for`);
  }
  const count = countOf(shape);
  if (count * type.bytes > bytes.length - end) throw new TypeError("The .npy file is cut short");
  const isForeign = type.bytes > 1 && endian === (IS_LITTLE_ENDIAN ? ">" : "<");
  const lying = isForeign ? swapped(bytes.slice(end, end + count * type.bytes), type.bytes) : aligned(bytes, end, type.bytes);
  const data = type.view(lying.buffer, lying.byteOffset, count) as ElementArrays[Name];
  const dtype = (type.bytes === 1 ? "|" : OWN_ORDER) + kind + unit;
  return { data: order === "True" && shape.length > 1 ? toCOrder(data, shape) : data, shape, dtype };
}

/**
 * The element type in a header: the byte order, the kind, and the unit of points in time and durations. It is the first of that name, for the names of a
 * structured type's fields, which come in its place, may read like anything.
 */
const DESCRIPTION = /^(?:(?!'descr').)*'descr':\s*'([<>|=]?)([a-zA-Z]\d+)((?<=[mM]8)\[\w+\])?'/s;

function headerOf(bytes: Uint8Array<ArrayBuffer>): { text: string; end: number } {
  if (bytes.length < 12 || !MAGIC.every((byte, i) => bytes[i] === byte)) throw new TypeError("This is no .npy file");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [start, length] = bytes[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (start + length > bytes.length) throw new TypeError("The .npy file is cut short");
  return { text: new TextDecoder().decode(bytes.subarray(start, start + length)), end: start + length };
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function aligned(bytes: Uint8Array<ArrayBuffer>, start: number, size: number): Uint8Array<ArrayBuffer> {
  const elements = bytes.subarray(start);
  return elements.byteOffset % size === 0 ? elements : elements.slice();
}

function swapped(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
  return bytes;
}

/** Walks through the result in C order, while `from` goes through the Fortran order by strides. */
function toCOrder<Data extends TypedArray>(data: Data, shape: readonly number[]): Data {
  const strides = shape.map((_, i) => countOf(shape.slice(0, i)));
  const index = shape.map(() => 0);
  const result = data.slice() as Data;
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
