/**
 * Where things are, as the program that started this process has told it.
 *
 * @module
 */
import process from "node:process";

/** The Python that runs the work. */
export function interpreter(): string {
  return setting("BENCH_PYTHON");
}

/** A file of `bench/work/`. */
export function workPath(name: string): string {
  return `${setting("BENCH_WORK")}/${name}`;
}

/** A folder for sockets. */
export function temporaryFolder(): string {
  return setting("BENCH_TMP");
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`The variable "${name}" is not set`);
  return value;
}
