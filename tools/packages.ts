/**
 * Brings Pythons with packages from PyPI, to test against the real ones.
 *
 * @module
 */
import { UV_VERSION } from "../src/environments/uv_place.ts";
import { pathOf } from "./registry.ts";
import { capture } from "./run.ts";
import { lastLine, makeEnvironment, programIn } from "./virtual_environment.ts";

/** What a virtual environment in `.venv/` holds. */
export interface Packages {
  /** The environment's folder there. */
  readonly folder: string;
  /** What is installed. */
  readonly names: readonly string[];
  /** The modules by which one sees that it is. */
  readonly modules: readonly string[];
  /** Whether `uv` installs it, which `pip` brings. Default: `pip` installs it. */
  readonly byUv?: true;
}

/** To check the files for arrays and tables, what becomes of objects of packages that many plugins use, and a model of onnxruntime. */
export const ARRAYS: Packages = {
  folder: "numpy",
  names: ["numpy", "pyarrow", "pandas", "polars", "pydantic", "attrs", "msgspec", "pillow", "magika"],
  modules: ["numpy", "pyarrow", "pandas", "polars", "pydantic", "attrs", "msgspec", "PIL", "magika"],
};

/** To make environments by the real `uv`. */
export const UV: Packages = { folder: "uv", names: [`uv==${UV_VERSION}`], modules: ["uv"] };

/** To follow a trace into a Python plugin. */
export const TRACING: Packages = {
  folder: "opentelemetry",
  names: ["opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"],
  modules: ["opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter"],
};

/** To call tools by the official client of Python. It needs Python 3.10. */
export const MCP: Packages = { folder: "mcp", names: ["mcp==2.3.0"], modules: ["mcp"] };

/** To try what a gateway says of itself. */
export const SCHEMATHESIS: Packages = { folder: "schemathesis", names: ["schemathesis==4.32.5"], modules: ["schemathesis"] };

/**
 * A cluster of a machine's own. `uv` brings it in a fraction of the time, with its bytecode, without which it takes as long to start. Ray itself
 * installs by the `pip` beside it. It needs Python 3.10.
 */
export const RAY: Packages = { folder: "ray", names: ["ray[default]==2.60.0", "pip"], modules: ["ray", "pip"], byUv: true };

/** Without PyPI it gives up soon, and it builds nothing. */
const PIP_FLAGS = ["--retries", "1", "--timeout", "20", "--only-binary", ":all:"];

/** Where that Python is, or why it is not. */
export type PackagedPython = { readonly program: string } | { readonly program: undefined; readonly reason: string };

/** The Python of a virtual environment, which is made, and filled from PyPI, when it is not there. */
export async function findPythonWith(packages: Packages, python: string | undefined): Promise<PackagedPython> {
  if (python === undefined) return { program: undefined, reason: "no Python 3.8 or later" };
  const folder = pathOf(`.venv/${packages.folder}`);
  const program = programIn(folder, "python");
  if (await hasAll(packages, program)) return { program };
  const reason = packages.byUv
    ? await makeByUv(packages, python)
    : await makeEnvironment(python, { folder, packages: packages.names, flags: PIP_FLAGS });
  if (reason !== undefined) return { program: undefined, reason };
  return await hasAll(packages, program) ? { program } : { program: undefined, reason: `${folder} lacks some of what was installed` };
}

async function makeByUv({ folder, names }: Packages, python: string): Promise<string | undefined> {
  const uv = await findPythonWith(UV, python);
  if (uv.program === undefined) return uv.reason;
  const own = pathOf(`.venv/${folder}`);
  const run = [uv.program, "-m", "uv"];
  const made = await capture([...run, "venv", "--quiet", "--clear", "--python", python, own]);
  const program = programIn(own, "python");
  const install = [...run, "pip", "install", "--quiet", "--no-build", "--compile-bytecode", "--python", program, ...names];
  const { code, output } = made.code === 0 ? await capture(install) : made;
  return code === 0 ? undefined : `uv cannot install ${names.join(", ")}: ${lastLine(output)}`;
}

async function hasAll({ modules }: Packages, program: string): Promise<boolean> {
  return (await capture([program, "-c", `import ${modules.join(", ")}`])).code === 0;
}
