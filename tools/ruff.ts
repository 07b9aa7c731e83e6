/**
 * Brings the formatter and linter of the Python sources.
 *
 * @module
 */
import { findPython } from "./python.ts";
import { pathOf } from "./registry.ts";
import { capture } from "./run.ts";
import { makeEnvironment, programIn } from "./virtual_environment.ts";

/** The one version whose opinion counts. */
const VERSION = "0.17.6";

/** Where ruff is, or why it is not. */
export type Ruff = { readonly program: string } | { readonly program: undefined; readonly reason: string };

/** Ruff in the virtual environment `.venv/`, which is made, and filled from PyPI, when it is not there. */
export async function findRuff(): Promise<Ruff> {
  const folder = pathOf(".venv");
  const program = programIn(folder, "ruff");
  if (await isCurrent(program)) return { program };
  const python = await findPython();
  if (python === undefined) return { program: undefined, reason: "no Python 3.8 or later" };
  // Other environments lie in the same folder.
  const reason = await makeEnvironment(python, { folder, packages: [`ruff==${VERSION}`], clear: false });
  return reason === undefined ? { program } : { program: undefined, reason };
}

async function isCurrent(program: string): Promise<boolean> {
  const { code, output } = await capture([program, "--version"]);
  return code === 0 && output.trim() === `ruff ${VERSION}`;
}
