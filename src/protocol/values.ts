/**
 * Values on the wire, section 6 of `docs/protocol.md`: JSON, and beside it the names of what JSON lacks.
 *
 * @module
 */
import type { ValueTypes } from "./frames.ts";

/** A value cannot be sent, and where in it the reason lies. */
export class UnsendableValueError extends TypeError {
  override name = "UnsendableValueError";
  /** The JSON path of the part that cannot be sent, for example `$.kwargs.when`. */
  readonly place: string;

  /** Makes the error for the part at `path`. */
  constructor(what: string, path: readonly string[]) {
    const place = toPlace(path);
    super(`The value at "${place}" is ${what}`);
    this.place = place;
  }
}

/** A value ready for `JSON.stringify`, with its `types` when it needs them. */
export interface EncodedValue {
  readonly value: unknown;
  readonly types?: ValueTypes;
  /** What is to become a file, and where in the value; `null` stands there until {@linkcode fillSlot} has put in something else. */
  readonly slots?: readonly FileSlot[];
}

/** A place in an encoded value that waits for what its source will be on the wire. */
export interface FileSlot {
  readonly source: object;
  readonly path: readonly string[];
}

/** Tells which objects are not to be looked into, but become files. */
export type FileTest = (value: object) => boolean;

/**
 * Makes a value ready for the wire. What needs no change is not copied.
 *
 * @param isFile Which objects become slots. Default: none, so that binary data is refused.
 * @throws {UnsendableValueError} For what no JSON carries: a BigInt, a function, a symbol, a Map, a Set, binary data or a cycle.
 */
export function encodeValue(value: unknown, isFile: FileTest = () => false): EncodedValue {
  const types: Record<string, string> = {};
  const slots: FileSlot[] = [];
  const encoded = new Encoder(types, slots, isFile).encode(value, "");
  return {
    value: encoded,
    ...(Object.keys(types).length === 0 ? {} : { types }),
    ...(slots.length === 0 ? {} : { slots }),
  };
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

/** Makes what it stands for of the value in a file's place. */
export type FileReviver = (raw: unknown, pointer: string) => unknown;

/**
 * Gives a value from the wire its types back. The value is changed in place.
 *
 * @param reviveFile Makes the values of type `"file"`. Default: there may be none.
 * @throws {TypeError} When a pointer leads nowhere or a type is not known.
 */
export function decodeValue(value: unknown, types: ValueTypes | undefined, reviveFile?: FileReviver): unknown {
  if (types === undefined) return value;
  const root: Record<string, unknown> = { "": value };
  for (const [pointer, type] of Object.entries(types)) {
    const path = ["", ...parsePointer(pointer)];
    const last = path.pop()!;
    const holder = path.reduce<unknown>(member, root);
    const raw = member(holder, last);
    // Not by assignment, which a member named "__proto__" would turn into something else.
    const revived = type === FILE_TYPE && reviveFile !== undefined ? reviveFile(raw, pointer) : revive(raw, type, pointer);
    Object.defineProperty(holder, last, { value: revived, writable: true, enumerable: true, configurable: true });
  }
  return root[""];
}

/** The name of the type of values that stand for a file. */
export const FILE_TYPE = "file";

/** What holds something that JSON would leave out without a word. */
const HOLDERS = [Map, Set, Blob, ArrayBuffer] as const;

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value);
}

class Encoder {
  readonly #types: Record<string, string>;
  readonly #slots: FileSlot[];
  readonly #isFile: FileTest;
  readonly #open = new Set<object>();
  readonly #path: string[] = [];

  constructor(types: Record<string, string>, slots: FileSlot[], isFile: FileTest) {
    this.#types = types;
    this.#slots = slots;
    this.#isFile = isFile;
  }

  encode(value: unknown, key: string): unknown {
    switch (typeof value) {
      case "number":
        return Number.isFinite(value) ? value : this.#nonFinite(value);
      case "bigint":
        throw this.#unsendable("a BigInt; send a number or a string");
      case "function":
      case "symbol":
        throw this.#unsendable(`a ${typeof value}`);
      case "object":
        return value === null ? null : this.#object(value, key);
      default:
        return value;
    }
  }

  #object(value: object, key: string): unknown {
    if (this.#isFile(value)) {
      this.#slots.push({ source: value, path: [...this.#path] });
      return null;
    }
    if ("toJSON" in value && typeof value.toJSON === "function") {
      const plain: unknown = value.toJSON(key);
      return plain === value ? this.#members(value) : this.encode(plain, key);
    }
    if (!isPlain(value) && (ArrayBuffer.isView(value) || HOLDERS.some((kind) => value instanceof kind))) {
      throw this.#unsendable(`a ${value.constructor.name}, which JSON cannot carry`);
    }
    return this.#members(value);
  }

  #members(value: object): unknown {
    if (this.#open.has(value)) throw this.#unsendable("part of itself (a cycle)");
    this.#open.add(value);
    const encoded = Array.isArray(value) ? this.#array(value) : this.#record(value);
    this.#open.delete(value);
    return encoded;
  }

  #array(items: readonly unknown[]): unknown {
    let copy: unknown[] | undefined;
    for (let i = 0; i < items.length; i++) {
      const encoded = this.#member(items[i], String(i));
      if (encoded !== items[i]) (copy ??= [...items])[i] = encoded;
    }
    return copy ?? items;
  }

  #record(record: object): unknown {
    let copy: Record<string, unknown> | undefined;
    for (const [key, value] of Object.entries(record)) {
      const encoded = this.#member(value, key);
      if (encoded === value) continue;
      copy ??= Object.assign(Object.create(null), record) as Record<string, unknown>;
      copy[key] = encoded;
    }
    return copy ?? record;
  }

  #member(value: unknown, key: string): unknown {
    this.#path.push(key);
    const encoded = this.encode(value, key);
    this.#path.pop();
    return encoded;
  }

  #nonFinite(value: number): string {
    this.#types[toPointer(this.#path)] = "number";
    return String(value);
  }

  #unsendable(what: string): UnsendableValueError {
    return new UnsendableValueError(what, this.#path);
  }
}

function revive(raw: unknown, type: string, pointer: string): unknown {
  if (type !== "number") throw new TypeError(`Unknown type "${shortened(type)}" at "${shortened(pointer)}"`);
  if (raw === "NaN" || raw === "Infinity" || raw === "-Infinity") return Number(raw);
  throw new TypeError(`The value at "${shortened(pointer)}" is no name of a number`);
}

function member(holder: unknown, key: string): unknown {
  if (typeof holder === "object" && holder !== null && Object.hasOwn(holder, key)) {
    return (holder as Record<string, unknown>)[key];
  }
  throw new TypeError(`A pointer of "types" leads to "${shortened(key)}", which is not there`);
}

/** Text of the other side, for a message. */
function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function parsePointer(pointer: string): string[] {
  if (pointer !== "" && !pointer.startsWith("/")) throw new TypeError(`"${shortened(pointer)}" of "types" is no pointer`);
  return pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The JSON Pointer of a path. */
export function toPointer(path: readonly string[]): string {
  return path.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** A path as messages show it, for example `$.kwargs.when`. */
export function toPlace(path: readonly string[]): string {
  return "$" +
    path.map((part) =>
      /^\d+$/.test(part) ? `[${part}]` : /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`
    ).join("");
}
