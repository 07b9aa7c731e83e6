/**
 * Where an error of this package's is told to have come from.
 *
 * @module
 */
import { PluginError } from "../errors.ts";

/** A function that a program has called, or one that works for such a function alone. */
type Member = (...args: never[]) => unknown;

/**
 * Begins the stack of an error with the line of the program that has called `member`. The way through this package helps nobody who uses it: the
 * message tells what has happened. An error that is none of this package's keeps its stack, for there it is all that is known.
 *
 * @returns The same error, to be thrown.
 */
export function atCaller(error: unknown, member: Member): unknown {
  if (!(error instanceof PluginError)) return error;
  Error.captureStackTrace(error, member);
  // It has come the same way.
  if (error.cause instanceof PluginError) Error.captureStackTrace(error.cause, neverCalled);
  return error;
}

/** A stack that begins behind the call of this one is empty. */
function neverCalled(): void {}
