/**
 * What an environment says of itself: a file in it that is written last.
 *
 * @module
 */
import { join } from "@std/path";
import { interpreterIn } from "./environment.ts";

/** What stands in the stamp of an environment. */
export interface EnvironmentStamp {
  /** Changes when an older stamp means something else. */
  readonly format: 1;
  /** The plugin for which it was made. */
  readonly plugin: string;
  /** The manifest of that plugin; `undefined` for one given as an object. */
  readonly manifest?: string | undefined;
  /** The file that it was made from; `undefined` for what stands in the manifest. */
  readonly madeFrom?: string | undefined;
  /** The version of its Python. */
  readonly python: string;
  /** The folder of its packages, from its own. */
  readonly packageFolder: string;
  /** What was put there, by the names of files and folders. */
  readonly packages: readonly string[];
}

const STAMP = "remote_plugin.json";

/** The stamp's path. Its time of change is when the environment was used last. */
export function stampFile(folder: string): string {
  return join(folder, STAMP);
}

/** Writes the stamp of an environment that is complete. */
export function writeStamp(folder: string, facts: Pick<EnvironmentStamp, "plugin" | "manifest" | "madeFrom">): void {
  const packageFolder = packageFolderIn(folder);
  const packages = namesIn(join(folder, packageFolder));
  const stamp: EnvironmentStamp = { format: 1, ...facts, python: pythonVersion(folder), packageFolder, packages };
  Deno.writeTextFileSync(stampFile(folder), JSON.stringify(stamp));
}

/** The stamp of an environment, `undefined` where there is none that can be read. */
export function readStamp(folder: string): EnvironmentStamp | undefined {
  try {
    const stamp = JSON.parse(Deno.readTextFileSync(stampFile(folder))) as EnvironmentStamp;
    return stamp.format === 1 ? stamp : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}

/** What of an environment is gone, in words; `undefined` when all is there that was put there. */
export function damage(folder: string, { packageFolder, packages }: EnvironmentStamp): string | undefined {
  try {
    // Follows the link to the Python that the environment was made with.
    if (!Deno.statSync(interpreterIn(folder)).isFile) return "its interpreter";
    const there = new Set(namesIn(join(folder, packageFolder)));
    const missing = packages.find((name) => !there.has(name));
    return missing === undefined ? undefined : `"${missing}"`;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return "its interpreter or its packages";
  }
}

/** The version of an environment's Python, as `uv` has written it there. */
export function pythonVersion(folder: string): string {
  const settings = Deno.readTextFileSync(join(folder, "pyvenv.cfg"));
  return /^version_info\s*=\s*(\S+)/m.exec(settings)?.[1] ?? "unknown";
}

function packageFolderIn(folder: string): string {
  if (Deno.build.os === "windows") return join("Lib", "site-packages");
  const python = namesIn(join(folder, "lib")).find((name) => /^(python|pypy)/.test(name)) ?? "python3";
  return join("lib", python, "site-packages");
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name !== "__pycache__");
}
