/**
 * `@std/assert` from npm. The package there has no types: here are those of the names in use, as JSR has them, so that a mistake shows with both registries.
 *
 * @module
 */
import * as std from "deno-std/assert/mod.js";

/** The class that an error has to be of. */
export type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** How {@linkcode assertThrows} can be called. */
export interface AssertThrows {
  (fn: () => unknown, msg?: string): unknown;
  <E extends Error = Error>(fn: () => unknown, errorClass: ErrorClass<E>, msgIncludes?: string, msg?: string): E;
}

/** How {@linkcode assertRejects} can be called. */
export interface AssertRejects {
  (fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
  <E extends Error = Error>(fn: () => PromiseLike<unknown>, errorClass: ErrorClass<E>, msgIncludes?: string, msg?: string): Promise<E>;
}

export const assert: (expr: unknown, msg?: string) => asserts expr = std.assert;
export const assertEquals: <T>(actual: T, expected: T, msg?: string) => void = std.assertEquals;
export const assertExists: <T>(actual: T, msg?: string) => asserts actual is NonNullable<T> = std.assertExists;
export const assertGreater: <T>(actual: T, expected: T, msg?: string) => void = std.assertGreater;
export const assertGreaterOrEqual: <T>(actual: T, expected: T, msg?: string) => void = std.assertGreaterOrEqual;
export const assertInstanceOf: <T extends abstract new (...args: never[]) => unknown>(
  actual: unknown,
  expectedType: T,
  msg?: string,
) => asserts actual is InstanceType<T> = std.assertInstanceOf;
export const assertLess: <T>(actual: T, expected: T, msg?: string) => void = std.assertLess;
export const assertLessOrEqual: <T>(actual: T, expected: T, msg?: string) => void = std.assertLessOrEqual;
export const assertMatch: (actual: string, expected: RegExp, msg?: string) => void = std.assertMatch;
export const assertNotEquals: <T>(actual: T, expected: T, msg?: string) => void = std.assertNotEquals;
export const assertRejects: AssertRejects = std.assertRejects;
export const assertStrictEquals: <T>(actual: unknown, expected: T, msg?: string) => asserts actual is T = std.assertStrictEquals;
export const assertStringIncludes: (actual: string, expected: string, msg?: string) => void = std.assertStringIncludes;
export const assertThrows: AssertThrows = std.assertThrows;
export const fail: (msg?: string) => never = std.fail;
