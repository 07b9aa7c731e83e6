/**
 * Values from the wire, section 6 of `docs/protocol.md`: JSON, to which `types` gives back what it lacks.
 *
 * @module
 */
import type { ValueTypes } from "./frames.ts";
import { FUNCTION_TYPE } from "./functions.ts";
import { parsePointer, shortened } from "./pointers.ts";

/** Makes what it stands for of the value in a place. */
export type Reviver = (raw: unknown, pointer: string) => unknown;

/** What is made of values of types that not every reader takes. A type that is left out is refused. */
export interface Revivers {
  readonly file?: Reviver;
  readonly function?: Reviver;
}

/**
 * Gives a value from the wire its types back. The value is changed in place.
 *
 * @param revivers Makes the values of the types `"file"` and `"function"`. Default: there may be none.
 * @throws {TypeError} When a pointer leads nowhere or a type is not known.
 */
export function decodeValue(value: unknown, types: ValueTypes | undefined, revivers: Revivers = {}): unknown {
  if (types === undefined) return value;
  const root: Record<string, unknown> = { "": value };
  for (const [pointer, type] of Object.entries(types)) {
    const path = ["", ...parsePointer(pointer)];
    const last = path.pop()!;
    const holder = path.reduce<unknown>(member, root);
    const raw = member(holder, last);
    // Not by assignment, which a member named "__proto__" would turn into something else.
    const own = type === FILE_TYPE ? revivers.file : type === FUNCTION_TYPE ? revivers.function : undefined;
    const revived = own === undefined ? revive(raw, type, pointer) : own(raw, pointer);
    Object.defineProperty(holder, last, { value: revived, writable: true, enumerable: true, configurable: true });
  }
  return root[""];
}

/** The name of the type of values that stand for a file. */
export const FILE_TYPE = "file";

function revive(raw: unknown, type: string, pointer: string): unknown {
  if (type !== "number") throw new TypeError(`Unknown type "${shortened(type)}" at "${shortened(pointer)}"`);
  if (raw === "NaN" || raw === "Infinity" || raw === "-Infinity" || raw === "-0") return Number(raw);
  throw new TypeError(`The value at "${shortened(pointer)}" is no name of a number`);
}

/**
 * A member of an object.
 *
 * @throws {TypeError} When it is not there.
 */
export function member(holder: unknown, key: string): unknown {
  if (typeof holder === "object" && holder !== null && Object.hasOwn(holder, key)) {
    return (holder as Record<string, unknown>)[key];
  }
  throw new TypeError(`A pointer of "types" leads to "${shortened(key)}", which is not there`);
}
