/**
 * Values on the wire, section 6 of `docs/protocol.md`: JSON, and beside it the names of what JSON lacks.
 *
 * @module
 */
import { decodeValue, FILE_TYPE, member } from "./decode_value.ts";
import type { ValueTypes } from "./frames.ts";
import { FUNCTION_TYPE, FunctionNumbers, functionValue, type GivenFunction, MAX_FUNCTIONS } from "./functions.ts";
import { isPlain, isPlainNumber, isSmallPlainJson, unboxed, whyNoData } from "./plain_data.ts";
import { parsePointer, toPlace, toPointer } from "./pointers.ts";

/** A value cannot be sent, and where in it the reason lies. */
export class UnsendableValueError extends TypeError {
  override name = "UnsendableValueError";
  /** The JSON path of the part that cannot be sent, for example `$.kwargs.when`. */
  readonly place: string;

  /** Makes the error for the part at `path`. */
  constructor(what: string, path: readonly (string | number)[], options?: ErrorOptions) {
    const place = toPlace(path);
    super(`The value at "${place}" is ${what}`, options);
    this.place = place;
  }
}

/** A value ready for `JSON.stringify`, with its `types` when it needs them. */
export interface EncodedValue {
  readonly value: unknown;
  readonly types?: ValueTypes;
  /** What is to become a file, and where in the value; `null` stands there until {@linkcode fillSlot} has put in something else. */
  readonly slots?: readonly FileSlot[];
  /** The functions in it, in whose places their numbers stand. */
  readonly functions?: readonly GivenFunction[];
}

/** A place in an encoded value that waits for what its source will be on the wire. */
export interface FileSlot {
  readonly source: object;
  readonly path: readonly string[];
}

/** Tells which objects are not to be looked into, but become files. */
export type FileTest = (value: object) => boolean;

/** How values are made ready. */
export interface EncodeOptions {
  /** Whether functions may be in them. */
  readonly takesFunctions?: boolean;
}

/**
 * Makes a value ready for the wire. What needs no change is not copied.
 *
 * @param isFile Which objects become slots. Default: none, so that binary data is refused.
 * @param options Whether functions are numbered. Default: they are refused.
 * @throws {UnsendableValueError} For what no JSON carries: a BigInt, a function, a symbol, an object whose content is not in its members, binary data, a
 * cycle, and what cannot be read or is nested more than 1,000 deep.
 */
export function encodeValue(value: unknown, isFile: FileTest = () => false, options: EncodeOptions = {}): EncodedValue {
  if (isAsItIs(value)) return { value };
  const found: Found = { types: {}, slots: [], functions: options.takesFunctions ? new FunctionNumbers() : undefined };
  const encoded = new Encoder(found, isFile).encodeRoot(value);
  const { types, slots, functions } = found;
  return {
    value: encoded,
    ...(Object.keys(types).length === 0 ? {} : { types }),
    ...(slots.length === 0 ? {} : { slots }),
    ...(functions?.all.length ? { functions: functions.all } : {}),
  };
}

/** What is found in a value on the way through it. */
interface Found {
  readonly types: Record<string, string>;
  readonly slots: FileSlot[];
  /** `undefined` where functions are refused. */
  readonly functions: FunctionNumbers | undefined;
}

/** Whether nothing is to be done. A getter or a proxy of the caller's may throw, which is told with its place. */
function isAsItIs(value: unknown): boolean {
  try {
    return isSmallPlainJson(value);
  } catch {
    return false;
  }
}

/** Puts what a slot's source has become into the encoded value, and returns that value. */
export function fillSlot(encoded: unknown, { path }: FileSlot, filling: unknown): unknown {
  const last = path.at(-1);
  if (last === undefined) return filling;
  // Every holder of a slot is a copy, so that nothing of the caller's is changed.
  const holder = path.slice(0, -1).reduce<unknown>(member, encoded);
  Object.defineProperty(holder, last, { value: filling, writable: true, enumerable: true, configurable: true });
  return encoded;
}

/** As deep as what every worker can read: Python's own limit is at a thousand. */
const MAX_DEPTH = 1_000;

class Encoder {
  readonly #found: Found;
  readonly #isFile: FileTest;
  /** The objects that are looked into, each within the one before. */
  readonly #open: object[] = [];
  readonly #path: (string | number)[] = [];
  /** The member that is being read, by code of the caller's where it is a getter. */
  #reading: string | undefined;

  constructor(found: Found, isFile: FileTest) {
    this.#found = found;
    this.#isFile = isFile;
  }

  encodeRoot(value: unknown): unknown {
    try {
      return this.#encode(value);
    } catch (cause) {
      if (cause instanceof UnsendableValueError) throw cause;
      // A getter, a toJSON() or a proxy of the caller's, or all of the stack.
      if (this.#reading !== undefined) this.#path.push(this.#reading);
      throw this.#unsendable(`unreadable: ${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}`, { cause });
    }
  }

  #encode(value: unknown): unknown {
    switch (typeof value) {
      case "number":
        return isPlainNumber(value) ? value : this.#named(value);
      case "bigint":
        throw this.#unsendable("a BigInt; send a number or a string");
      case "function":
        return this.#function(value as GivenFunction);
      case "symbol":
        throw this.#unsendable("a symbol");
      case "object":
        return value === null ? null : this.#object(value);
      default:
        return value;
    }
  }

  #object(value: object): unknown {
    if (this.#isFile(value)) return this.#slot(value);
    if ("toJSON" in value && typeof value.toJSON === "function") {
      const plain: unknown = value.toJSON(String(this.#path.at(-1) ?? ""));
      if (plain === null && value instanceof Date) throw this.#unsendable("an invalid Date");
      return plain === value ? this.#members(value) : this.#encode(plain);
    }
    if (Array.isArray(value) || isPlain(value)) return this.#members(value);
    const primitive = unboxed(value);
    if (primitive !== value) return this.#encode(primitive);
    const reason = whyNoData(value);
    if (reason !== undefined) throw this.#unsendable(reason);
    return this.#members(value);
  }

  #members(value: object): unknown {
    if (this.#open.includes(value)) throw this.#unsendable("part of itself (a cycle)");
    if (this.#open.length >= MAX_DEPTH) throw this.#unsendable(`nested more than ${MAX_DEPTH} deep`);
    this.#open.push(value);
    const encoded = Array.isArray(value) ? this.#array(value) : this.#record(value as Record<string, unknown>);
    this.#open.pop();
    return encoded;
  }

  #array(items: readonly unknown[]): unknown {
    this.#demandItemsOnly(items);
    let copy: unknown[] | undefined;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (isPlainPrimitive(item)) continue;
      const encoded = this.#member(item, i);
      if (encoded !== item) (copy ??= [...items])[i] = encoded;
    }
    return copy ?? items;
  }

  /** Keys of items come first, in their order. */
  #demandItemsOnly(items: readonly unknown[]): void {
    const keys = Object.keys(items);
    if (keys.length < items.length) throw this.#unsendable("an array with holes");
    const last = keys.at(-1) ?? "";
    if (keys.length === 0 || keys.length === items.length && last === String(items.length - 1)) return;
    throw this.#unsendable(`an array with the member ${JSON.stringify(last)} besides its items`);
  }

  #record(record: Record<string, unknown>): unknown {
    if (Object.getOwnPropertySymbols(record).length > 0) throw this.#unsendable("an object with a symbol as key");
    let copy: Record<string, unknown> | undefined;
    for (const key of Object.keys(record)) {
      this.#reading = key;
      const value = record[key];
      this.#reading = undefined;
      if (isPlainPrimitive(value)) continue;
      const encoded = this.#member(value, key);
      if (encoded === value) continue;
      copy ??= Object.assign(Object.create(null), record) as Record<string, unknown>;
      copy[key] = encoded;
    }
    return copy ?? record;
  }

  #member(value: unknown, key: string | number): unknown {
    this.#path.push(key);
    const encoded = this.#encode(value);
    this.#path.pop();
    return encoded;
  }

  #slot(source: object): null {
    const lost = whyLost(source);
    if (lost !== undefined) throw this.#unsendable(lost);
    this.#found.slots.push({ source, path: this.#path.map(String) });
    return null;
  }

  #named(value: number): string {
    this.#found.types[toPointer(this.#path.map(String))] = "number";
    return Object.is(value, -0) ? "-0" : String(value);
  }

  #function(given: GivenFunction): unknown {
    const number = this.#found.functions?.numberOf(given);
    if (number === undefined) throw this.#unsendable("a function");
    if (number >= MAX_FUNCTIONS) throw this.#unsendable(`one function more than the ${MAX_FUNCTIONS} that a call may have`);
    this.#found.types[toPointer(this.#path.map(String))] = FUNCTION_TYPE;
    return functionValue(number, given);
  }

  #unsendable(what: string, options?: ErrorOptions): UnsendableValueError {
    return new UnsendableValueError(what, this.#path, options);
  }
}

/** Why bytes are not there any more, though their length is told as 0. */
function whyLost(source: object): string | undefined {
  const memory = ArrayBuffer.isView(source) ? source.buffer : source;
  if (memory instanceof ArrayBuffer && memory.detached) return "memory that has been transferred elsewhere";
  try {
    if (source instanceof DataView) void source.byteLength;
    else if (ArrayBuffer.isView(source)) Uint8Array.prototype.keys.call(source as Uint8Array);
    return undefined;
  } catch {
    return "a view of memory that has been made too short for it";
  }
}

function isPlainPrimitive(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" || value === null || typeof value === "number" && isPlainNumber(value);
}

/**
 * The value as it is where there is no room for `types`: -0 is 0 there.
 *
 * @throws {UnsendableValueError} For all else that JSON lacks.
 */
export function withoutTypes({ value, types = {} }: Pick<EncodedValue, "value" | "types">): unknown {
  const root = { "": value };
  for (const [pointer, type] of Object.entries(types)) {
    const path = parsePointer(pointer);
    const raw = ["", ...path].reduce<unknown>(member, root);
    if (type === FILE_TYPE) throw new UnsendableValueError("bytes, which only the framed replies of calls carry", path);
    if (raw !== "-0") throw new UnsendableValueError(`${raw}, which only arguments and the framed replies of calls carry`, path);
  }
  return decodeValue(value, types);
}
