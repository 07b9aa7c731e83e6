/**
 * What a Python plugin's environment is, and what is told while one is made.
 *
 * @module
 */
import { join } from "@std/path";
import { WorkerStartError } from "../errors.ts";
import { userCache } from "../manifest/user_cache.ts";

/** What is being done while an environment is made: waiting for another start, of any host, that makes it, bringing `uv`, choosing the Python, installing the packages. */
export type EnvironmentPhase = "wait" | "uv" | "python" | "packages";

/** One step of the making of an environment. */
export interface EnvironmentStep {
  /** What is being done. */
  readonly phase: EnvironmentPhase;
  /** What is told of it, for people: a line of `uv`, or a sentence. */
  readonly message: string;
}

/** What the making of an environment depends on besides the manifest. */
export interface EnvironmentOptions {
  /** Aborting it ends `uv` and all that it has started; nothing is left then. */
  readonly signal?: AbortSignal | undefined;
  /** Whether nothing may be fetched, so that what is not in the cache of `uv` is an error. Default: as the variable `UV_OFFLINE` says. */
  readonly offline?: boolean | undefined;
  /** Whether packages are taken as wheels alone, so that none runs code while it is installed. Default: `false`. */
  readonly wheelsOnly?: boolean | undefined;
  /** Called for each step while an environment is made. One that is there already has none. */
  readonly onEnvironment?: ((step: EnvironmentStep) => void) | undefined;
}

/** The folder of all environments; `undefined` when the host may not read the variables by which it is found. */
export function environmentsFolder(): string | undefined {
  const cache = userCache();
  return cache === undefined ? undefined : join(cache, "remote-plugin", "environments");
}

/** What to set where there is no folder for caches, or one that cannot be written. */
export const CACHE_ADVICE: string = Deno.build.os === "windows"
  ? "LOCALAPPDATA"
  : "HOME, or XDG_CACHE_HOME, to a folder that can be written";

/** The interpreter of an environment. */
export function interpreterIn(folder: string): string {
  return Deno.build.os === "windows" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

/** What is known of an environment that cannot be made. */
export interface EnvironmentFailure {
  /** What it is made from, in words. */
  readonly from?: string;
  /** All that the tool wrote. */
  readonly output?: string;
  readonly cause?: unknown;
}

/** The error of an environment that cannot be made: `what` tells why, and what to do. */
export function environmentError(plugin: string, what: string, { from, ...facts }: EnvironmentFailure = {}): WorkerStartError {
  const whose = from === undefined ? `"${plugin}"` : `"${plugin}" from ${from}`;
  return new WorkerStartError(`Cannot make the environment of ${whose}: ${what}`, { plugin, phase: "environment", ...facts });
}
