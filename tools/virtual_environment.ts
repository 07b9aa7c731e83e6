/**
 * Makes virtual environments, and fills them from PyPI.
 *
 * @module
 */
import { capture } from "./run.ts";

/** What is to be installed where. */
export interface Installation {
  /** The environment's folder. */
  readonly folder: string;
  readonly packages: readonly string[];
  /** What stands there before goes; so it is by default. */
  readonly clear?: boolean;
  /** Further flags of `pip install`. */
  readonly flags?: readonly string[];
}

/** Makes an environment that holds the packages. Gives the reason why it cannot, if there is one. */
export async function makeEnvironment(python: string, installation: Installation): Promise<string | undefined> {
  const { folder, clear = true } = installation;
  const made = await capture([python, "-m", "venv", ...(clear ? ["--clear"] : []), folder]);
  if (made.code !== 0) return `cannot make ${folder}: ${lastLine(made.output)}`;
  return await pipInstall(programIn(folder, "python"), installation);
}

/** Installs packages for an interpreter. Gives the reason why it cannot, if there is one. */
export async function pipInstall(python: string, { packages, flags = [] }: Omit<Installation, "folder">): Promise<string | undefined> {
  const { code, output } = await capture([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...flags, ...packages]);
  return code === 0 ? undefined : `pip cannot install ${packages.join(", ")}: ${lastLine(output)}`;
}

/** The path of a program in an environment. */
export function programIn(folder: string, name: string): string {
  return Deno.build.os === "windows" ? `${folder}/Scripts/${name}.exe` : `${folder}/bin/${name}`;
}

/** What a program said last, which is mostly what went wrong. */
export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
