/**
 * The environment that a worker sees.
 *
 * @module
 */
import { DELIMITER, dirname, isAbsolute } from "@std/path";
import { PermissionDeniedError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";

/** What a program needs to find its tools, its home, its language and its folders for what does not last, and nothing that is ever secret. */
const DEFAULT_NAMES = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_CACHE_HOME"];

/** What programs need on Windows besides. */
const WINDOWS_NAMES = [
  "SYSTEMROOT",
  "WINDIR",
  "SYSTEMDRIVE",
  "COMSPEC",
  "PATHEXT",
  "TEMP",
  "TMP",
  "USERPROFILE",
  "APPDATA",
  "LOCALAPPDATA",
];

/** Where a Deno process finds its cache. */
const DENO_NAMES = ["DENO_DIR"];

/**
 * The worker's environment: the default names as far as the host may read them, what `inherit_env` names, then `env_vars`.
 *
 * @throws {PermissionDeniedError} When the host may not read a variable that the manifest names.
 */
export function workerEnvironment(spec: PluginSpec): Record<string, string> {
  const environment = spec.inheritEnv === true ? wholeEnvironment(spec) : namedEnvironment(spec, spec.inheritEnv);
  return withInterpreterFirst({ ...environment, ...spec.env }, spec);
}

function namedEnvironment(spec: PluginSpec, names: readonly string[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of defaultNames(spec)) {
    const value = readIfAllowed(name);
    if (value !== undefined) environment[name] = value;
  }
  for (const name of names) {
    const value = readOrThrow(name, spec);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

function defaultNames(spec: PluginSpec): string[] {
  const names = Deno.build.os === "windows" ? [...DEFAULT_NAMES, ...WINDOWS_NAMES] : DEFAULT_NAMES;
  return spec.runtime.kind === "deno" ? [...names, ...DENO_NAMES] : names;
}

/** Tools of the plugin's own environment, such as a conda environment's ffmpeg, come before the host's. */
function withInterpreterFirst(environment: Record<string, string>, spec: PluginSpec): Record<string, string> {
  const { runtime } = spec;
  if (runtime.kind !== "python" || !isAbsolute(runtime.interpreter) || "PATH" in spec.env) return environment;
  const folder = dirname(runtime.interpreter);
  const folders = environment.PATH?.split(DELIMITER) ?? [];
  return folders.includes(folder) ? environment : { ...environment, PATH: [folder, ...folders].join(DELIMITER) };
}

function readIfAllowed(name: string): string | undefined {
  return mayReadEnv(name) ? Deno.env.get(name) : undefined;
}

function readOrThrow(name: string, spec: PluginSpec): string | undefined {
  if (mayReadEnv(name)) return Deno.env.get(name);
  throw new PermissionDeniedError(
    `Cannot start "${spec.name}": its manifest inherits "${name}", which the host may not read. Add --allow-env=${name}`,
    {
      plugin: spec.name,
      missing: [{ name: "env", variable: name }],
      flags: [`--allow-env=${name}`],
    },
  );
}

function wholeEnvironment(spec: PluginSpec): Record<string, string> {
  if (Deno.permissions.querySync({ name: "env" }).state === "granted") return Deno.env.toObject();
  throw new PermissionDeniedError(`Cannot start "${spec.name}": its manifest inherits the whole environment. Add --allow-env`, {
    plugin: spec.name,
    missing: [{ name: "env" }],
    flags: ["--allow-env"],
  });
}

/** Whether the host may read a variable, without asking anybody. */
export function mayReadEnv(variable: string): boolean {
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}
