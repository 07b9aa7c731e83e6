/**
 * The limits of a Deno worker: its memory and processes. A Python worker sets its own, and Deno can set none: a Python at hand sets them from outside.
 *
 * @module
 */
import { WorkerStartError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { Variables } from "../permissions/environment.ts";
import { WRAPPER } from "../permissions/required.ts";
import { messageOf } from "../protocol/text.ts";
import { PYTHON_WORKER_BOOT, PYTHON_WORKER_HASH, PYTHON_WORKER_PACK } from "../worker/generated/python_worker.ts";
import { boundsError, resourceLimits } from "./kernel_bounds.ts";
import type { WorkerFolder } from "./worker_folder.ts";

/** Who is limited, and with what. */
export interface LimitedProcess {
  readonly pid: number;
  /** The worker's own folder. */
  readonly folder: WorkerFolder;
  /** The environment of the program that sets the limits. */
  readonly environment: Variables;
}

/**
 * Limits a worker that waits for that, and has no plugin's code in it yet.
 *
 * @throws {WorkerStartError} When nobody could.
 */
export async function limitWorker(spec: PluginSpec, { pid, folder, environment }: LimitedProcess): Promise<void> {
  const { memory = 0, processes = 0 } = resourceLimits(spec);
  const pack = folder.write("wrapper.py", PYTHON_WORKER_PACK);
  const args = ["-I", "-S", "-c", PYTHON_WORKER_BOOT, pack, PYTHON_WORKER_HASH, "limit_other", ...[pid, memory, processes].map(String)];
  try {
    const { success, stderr } = await new Deno.Command(WRAPPER, { args, clearEnv: true, env: { ...environment }, stdin: "null" }).output();
    if (!success) throw refused(spec, new TextDecoder().decode(stderr).trim());
  } catch (error) {
    throw error instanceof WorkerStartError ? error : refused(spec, messageOf(error));
  }
}

function refused(spec: PluginSpec, why: string): WorkerStartError {
  const advice = 'Install Python 3.8 or later, or remove "max_memory_mb" and "max_processes" from "resources" of its manifest';
  return boundsError(spec, `"${WRAPPER}" cannot limit its memory and processes: ${why}. ${advice}`);
}
