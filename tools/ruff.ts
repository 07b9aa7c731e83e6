/**
 * Brings the formatter and linter of the Python sources.
 *
 * @module
 */
import { pathOf } from "./lane.ts";
import { findPython } from "./python.ts";
import { capture } from "./run.ts";

/** The one version whose opinion counts. */
const VERSION = "0.17.6";

/** Where ruff is, or why it is not. */
export type Ruff = { readonly program: string } | { readonly program: undefined; readonly reason: string };

/** Ruff in the virtual environment `.venv/`, which is made, and filled from PyPI, when it is not there. */
export async function findRuff(): Promise<Ruff> {
  const program = venvProgram("ruff");
  if (await isCurrent(program)) return { program };
  const python = await findPython();
  if (python === undefined) return { program: undefined, reason: "no Python 3.8 or later" };
  const made = await capture([python, "-m", "venv", pathOf(".venv")]);
  if (made.code !== 0) return { program: undefined, reason: `cannot make .venv: ${lastLine(made.output)}` };
  const pip = [venvProgram("python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", `ruff==${VERSION}`];
  const installed = await capture(pip);
  return installed.code === 0
    ? { program }
    : { program: undefined, reason: `pip cannot install ruff ${VERSION}: ${lastLine(installed.output)}` };
}

async function isCurrent(program: string): Promise<boolean> {
  const { code, output } = await capture([program, "--version"]);
  return code === 0 && output.trim() === `ruff ${VERSION}`;
}

function venvProgram(name: string): string {
  return pathOf(Deno.build.os === "windows" ? `.venv/Scripts/${name}.exe` : `.venv/bin/${name}`);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
