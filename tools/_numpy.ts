/**
 * Brings a Python with numpy and pyarrow, to check the files for them against the real ones.
 *
 * @module
 */
import { pathOf } from "./_lane.ts";
import { capture } from "./_run.ts";

const PACKAGES = ["numpy", "pyarrow"];
const FOLDER = ".venv/numpy";

/** Where that Python is, or why it is not. */
export type NumpyPython = { readonly program: string } | { readonly program: undefined; readonly reason: string };

/** The Python of the virtual environment `.venv/numpy`, which is made, and filled from PyPI, when it is not there. */
export async function findNumpyPython(python: string | undefined): Promise<NumpyPython> {
  if (python === undefined) return { program: undefined, reason: "no Python 3.8 or later" };
  const program = pathOf(`${FOLDER}/${Deno.build.os === "windows" ? "Scripts/python.exe" : "bin/python"}`);
  if (await hasPackages(program)) return { program };
  const made = await capture([python, "-m", "venv", "--clear", pathOf(FOLDER)]);
  if (made.code !== 0) return { program: undefined, reason: `cannot make ${FOLDER}: ${lastLine(made.output)}` };
  const flags = ["--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "20", "--only-binary", ":all:"];
  const installed = await capture([program, "-m", "pip", "install", ...flags, ...PACKAGES]);
  if (installed.code === 0 && await hasPackages(program)) return { program };
  return { program: undefined, reason: `pip cannot install ${PACKAGES.join(" and ")}: ${lastLine(installed.output)}` };
}

async function hasPackages(program: string): Promise<boolean> {
  return (await capture([program, "-c", `import ${PACKAGES.join(", ")}`])).code === 0;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
