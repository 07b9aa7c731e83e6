/**
 * Errors as data, for threads cannot hand over classes.
 *
 * @module
 */
import * as own from "../../errors.ts";
import { UnsendableValueError } from "../../protocol/values.ts";
import { BrokenReplyError, MalformedReplyError, RefusedError } from "../errors.ts";

/** An error without its class, or, under `value`, what was thrown and is none. */
export interface ErrorData {
  readonly name?: string;
  readonly message?: string;
  readonly stack?: string;
  /** What the error's class adds. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly cause?: ErrorData;
  readonly value?: unknown;
}

/** The classes that come back as themselves, by their names. */
const CLASSES: ReadonlyMap<string, { readonly prototype: Error }> = new Map(Object.entries({
  ...own,
  UnsendableValueError,
  BrokenReplyError,
  MalformedReplyError,
  RefusedError,
  TypeError,
  RangeError,
  SyntaxError,
  URIError,
  ...Deno.errors,
}));

/** Takes an error apart. */
export function errorToData(error: unknown): ErrorData {
  if (!(error instanceof Error)) return { value: isPlain(error) ? error : String(error) };
  const { name, message, stack, cause } = error;
  const data = { name, message, stack, fields: fieldsOf(error) };
  return cause === undefined ? data : { ...data, cause: errorToData(cause) };
}

/** The words of whatever somebody else's code has thrown, which may throw in turn when it is looked at. */
export function wordsOf(thrown: unknown): ErrorData {
  try {
    if (!(thrown instanceof Error)) return { value: isPlain(thrown) ? thrown : String(thrown) };
    return { name: String(thrown.name), message: String(thrown.message), stack: String(thrown.stack) };
  } catch {
    return { name: "Error", message: "What was thrown cannot be looked at", stack: "" };
  }
}

/** Puts an error together again. Its stack is that of this call, which is where the caller's program stands; a cause keeps its own. */
export function errorFromData(data: ErrorData): unknown {
  if (data.message === undefined) return data.value;
  const error = new Error(data.message);
  Object.setPrototypeOf(error, (CLASSES.get(data.name ?? "") ?? Error).prototype);
  Object.assign(error, data.fields);
  if (error.name !== data.name) define(error, "name", data.name);
  if (data.cause !== undefined) define(error, "cause", causeFromData(data.cause));
  return error;
}

/** The same with the stack that it had in the other thread. */
export function causeFromData(data: ErrorData): unknown {
  const cause = errorFromData(data);
  if (cause instanceof Error) define(cause, "stack", data.stack);
  return cause;
}

/** What other classes add may be something that cannot be sent. */
function fieldsOf(error: Error): Record<string, unknown> {
  return CLASSES.get(error.name)?.prototype === Object.getPrototypeOf(error) ? { ...error } : {};
}

function isPlain(value: unknown): boolean {
  return value === null || !["object", "function", "symbol"].includes(typeof value);
}

/** As the language itself defines these members: not enumerable. */
function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}
