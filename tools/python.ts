/**
 * Finds the Python to test with.
 *
 * @module
 */
import { DELIMITER, dirname } from "@std/path";
import { capture } from "./run.ts";

/**
 * The real interpreter behind `python3` (or `python`), `undefined` where there is none of version 3.8 or later. Version managers put a script of
 * that name on PATH, which starts slowly and starts further programs, so that no narrow `--allow-run` covers it.
 */
export async function findPython(): Promise<string | undefined> {
  const code = "import sys; assert sys.version_info >= (3, 8); print(sys.executable)";
  for (const name of ["python3", "python"]) {
    const found = await capture([name, "-c", code]);
    if (found.code === 0) return found.output.trim();
  }
  return undefined;
}

/** PATH with the folders of these programs in front, so that their short names mean them. */
export function pathWith(programs: readonly (string | undefined)[]): string {
  const folders = programs.flatMap((program) => program === undefined ? [] : [dirname(program)]);
  return [...folders, Deno.env.get("PATH") ?? ""].join(DELIMITER);
}
