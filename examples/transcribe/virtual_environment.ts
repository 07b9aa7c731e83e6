/**
 * A Python virtual environment with one package from PyPI, made when it is needed and kept.
 *
 * @module
 */
import { join } from "@std/path";

/** What a virtual environment is for. */
export interface EnvironmentOptions {
  /** The interpreter to make it with. */
  readonly python: string;
  /** The package, as pip takes it, for example `pocketsphinx~=5.0`. */
  readonly requirement: string;
  /** Told what is being done when that takes some time. */
  readonly onStep: (text: string) => void;
}

/** The package cannot be had on this machine: there is no `venv`, no network, or no build of it for this system. */
export class UnavailableError extends Error {
  override name = "UnavailableError";
}

/** The interpreter in a virtual environment. */
export function interpreterOf(folder: string): string {
  return Deno.build.os === "windows" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

/**
 * The version of the package in the environment at `folder`. What a run that was interrupted has left there is made anew.
 *
 * @throws {UnavailableError} When there is no such environment and it cannot be made.
 */
export async function ensureEnvironment(folder: string, { python, requirement, onStep }: EnvironmentOptions): Promise<string> {
  const name = /^[\w.-]+/.exec(requirement)![0];
  const present = await installedVersion(folder, name);
  if (present !== undefined) return present;
  onStep(`Making a virtual environment in ${folder}`);
  await run([python, "-m", "venv", "--clear", folder], `"${python}" cannot make a virtual environment`);
  onStep(`Installing ${requirement} from PyPI`);
  await run([interpreterOf(folder), "-m", "pip", ...PIP_INSTALL, requirement], `pip cannot install "${requirement}"`);
  const version = await installedVersion(folder, name);
  if (version === undefined) throw new UnavailableError(`"${name}" is installed in "${folder}" and cannot be imported`);
  return version;
}

/** Without network pip is to say so soon, and a compiler is not to be needed. */
const PIP_INSTALL = ["install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "20", "--only-binary", ":all:"];

/** An environment counts when the package in it can be imported: that holds for no half-made one, and for none whose Python has gone. */
async function installedVersion(folder: string, name: string): Promise<string | undefined> {
  const code = `import importlib.metadata, ${name}; print(importlib.metadata.version("${name}"))`;
  try {
    const { success, stdout } = await new Deno.Command(interpreterOf(folder), { args: ["-c", code] }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function run([program = "", ...args]: readonly string[], failure: string): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (success) return;
  const lines = new TextDecoder().decode(stderr.length > 0 ? stderr : stdout).trim().split("\n");
  const reason = lines.findLast((line) => line.startsWith("ERROR")) ?? lines.at(-1) ?? "";
  throw new UnavailableError(`${failure}: ${reason}`);
}
