/**
 * Programs by their names, as the host finds them.
 *
 * @module
 */
import { DELIMITER, isAbsolute, join, resolve } from "@std/path";
import { hostVariable, mayRead } from "./host_access.ts";

/**
 * The absolute path of a program, which need not be there when it is given as a path. A bare name stands for the first of that name on the host's own `PATH`.
 *
 * @returns `undefined` when no folder of `PATH` has it; the name itself when the host may not look into one of them. Deno finds it then in the same way, for
 * the worker's process has no other `PATH`.
 */
export function findProgram(program: string): string | undefined {
  if (!isBareName(program)) return resolve(program);
  for (const folder of searchFolders()) {
    for (const path of executableNames(program).map((name) => join(folder, name))) {
      if (!mayRead(path)) return program;
      if (isExecutable(path)) return path;
    }
  }
  return undefined;
}

/** Whether a program is given by a name alone. */
export function isBareName(program: string): boolean {
  return !/[\\/]/.test(program);
}

/** A relative folder in `PATH` would be another one with each working directory. */
function searchFolders(): string[] {
  const path = hostVariable("PATH") ?? "";
  return path.split(DELIMITER).filter(isAbsolute);
}

function executableNames(program: string): string[] {
  if (Deno.build.os !== "windows") return [program];
  const extensions = (hostVariable("PATHEXT") ?? ".COM;.EXE;.BAT;.CMD").toLowerCase().split(";");
  const isWhole = extensions.some((extension) => program.toLowerCase().endsWith(extension));
  return isWhole ? [program] : extensions.map((extension) => `${program}${extension}`);
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    return false;
  }
}
