/**
 * Functions among the arguments of a call, section 13 of `docs/protocol.md`.
 *
 * @module
 */
import { isRecord } from "./json.ts";

/** The word in `features` of who takes functions, and lets a plugin call them. */
export const CALLBACKS_FEATURE = "callbacks";

/** The name of the type of values that stand for a function. */
export const FUNCTION_TYPE = "function";

/** The most functions that a call may have. */
export const MAX_FUNCTIONS = 64;

/** The longest line or body of a callback, in bytes. */
export const MAX_CALLBACK_BYTES: number = 16 * 1024 * 1024;

/** How many callbacks of a call its host runs at once. */
export const MAX_OPEN_CALLBACKS = 64;

/** The longest name of a function that is sent along, in characters. */
const MAX_NAME = 100;

/** A function that a caller gives. */
export type GivenFunction = (...given: unknown[]) => unknown;

/** What stands in the place of a function. */
export interface FunctionReference {
  /** By which the host knows it. */
  readonly function: number;
  /** What people call it. */
  readonly name: string;
}

/** What a plugin calls a function with: the value of a callback frame. */
export interface CallbackBody {
  /** By which the answer names it. */
  readonly id: number;
  /** Which function is called. */
  readonly function: number;
  /** What it is called with. */
  readonly args: readonly unknown[];
  /** What it is called with by name. */
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** Numbers functions in the order in which they are found. */
export class FunctionNumbers {
  readonly #numbers = new Map<GivenFunction, number>();
  /** Those that were found, each at its number. */
  readonly all: GivenFunction[] = [];

  /** The number of a function, which is always the same. */
  numberOf(given: GivenFunction): number {
    const known = this.#numbers.get(given);
    if (known !== undefined) return known;
    this.#numbers.set(given, this.all.length);
    return this.all.push(given) - 1;
  }
}

/** What stands in the place of a function. */
export function functionValue(number: number, given: GivenFunction): FunctionReference {
  return { function: number, name: nameOf(given) };
}

/** What a function is called. A class may have given itself anything as its name. */
export function nameOf(given: GivenFunction): string {
  const name: unknown = given.name;
  return typeof name === "string" ? name.slice(0, MAX_NAME) : "";
}

/** Reads what stands in the place of a function; `undefined` when it does not stand for one. */
export function readFunction(raw: unknown): FunctionReference | undefined {
  if (!isRecord(raw)) return undefined;
  const { function: number, name = "" } = raw;
  if (!Number.isInteger(number) || (number as number) < 0 || (number as number) >= MAX_FUNCTIONS) return undefined;
  return typeof name === "string" ? { function: number as number, name: name.slice(0, MAX_NAME) } : undefined;
}

/** Reads the value of a callback frame; `undefined` when it is none. */
export function readCallback(value: unknown): CallbackBody | undefined {
  if (!isRecord(value)) return undefined;
  const { id, function: number, args, kwargs } = value;
  if (!Number.isSafeInteger(id) || (id as number) < 1 || !Number.isSafeInteger(number)) return undefined;
  return Array.isArray(args) && isRecord(kwargs) ? value as unknown as CallbackBody : undefined;
}
