/**
 * Finds a plugin's environment, without any program.
 *
 * @module
 */
import { join } from "@std/path";
import type { EnvironmentSource } from "../manifest/manifest.ts";
import { CACHE_ADVICE, environmentError, environmentsFolder } from "./environment.ts";
import { type EnvironmentInputs, readInputs } from "./inputs.ts";
import { damage, readStamp, stampFile } from "./stamp.ts";

/** Where a plugin's environment is or will be. */
export interface EnvironmentPlace {
  /** What it is made from. */
  readonly inputs: EnvironmentInputs;
  /** Its folder. */
  readonly folder: string;
  /** Whether it can be used, is missing, or lacks what was put there. */
  readonly state: "ready" | "missing" | "damaged";
  /** What a damaged one lacks. */
  readonly lacks?: string | undefined;
}

/**
 * Looks for a plugin's environment.
 *
 * @throws {WorkerStartError} When what it is made from is not there, or cannot be what is meant.
 * @throws {PermissionDeniedError} When the host may not read a file that it names.
 */
export async function findEnvironment(source: EnvironmentSource, plugin: string): Promise<EnvironmentPlace> {
  const inputs = await readInputs(source, plugin);
  const root = environmentsFolder();
  if (root === undefined) throw environmentError(plugin, `there is no folder for caches. Set ${CACHE_ADVICE}`);
  const folder = join(root, inputs.hash);
  return { inputs, folder, ...stateOf(folder) };
}

/** Whether the environment in a folder can be used. */
export function stateOf(folder: string): Pick<EnvironmentPlace, "state" | "lacks"> {
  const stamp = readStamp(folder);
  if (stamp === undefined) return { state: "missing" };
  const lacks = damage(folder, stamp);
  return lacks === undefined ? { state: "ready" } : { state: "damaged", lacks };
}

/** Notes that an environment is used, for those who remove what is not; where the host may not write there, nobody knows. */
export function noteUse(folder: string): void {
  try {
    Deno.utimeSync(stampFile(folder), new Date(), new Date());
  } catch {
    // It is used all the same.
  }
}
