/**
 * A Deno worker whose process the kernel holds as well: a Python binds itself, and becomes Deno.
 *
 * @module
 */
import { portOf } from "../manifest/permissions.ts";
import { WRAPPER } from "../permissions/required.ts";
import type { PermissionSet } from "../protocol/messages.ts";
import { PYTHON_WORKER_BOOT, PYTHON_WORKER_HASH, PYTHON_WORKER_PACK } from "../worker/generated/python_worker.ts";
import { type Held, kernelBounds } from "./kernel_bounds.ts";
import type { WorkerFolder } from "./worker_folder.ts";

/** The command that runs a Deno worker's command in a process that the kernel holds. In there Deno holds the plugin to what it may do, as ever. */
export function heldByKernel({ program, args }: Program, { bounds, folder }: { bounds: Held; folder: WorkerFolder }): Program {
  const told = folder.write("bounds.json", JSON.stringify(bounds));
  const pack = folder.write("wrapper.py", PYTHON_WORKER_PACK);
  // Nothing of the user's own configures it, and it needs no packages.
  const wrapper = ["-I", "-S", "-c", PYTHON_WORKER_BOOT, pack, PYTHON_WORKER_HASH, "become", told];
  return { program: WRAPPER, args: [...wrapper, program, ...args] };
}

interface Program {
  readonly program: string;
  readonly args: readonly string[];
}

/** Who holds what of a Deno worker. */
export interface DenoNeeds {
  /** What its process is told that it may do, apart from the network. */
  readonly process: PermissionSet;
  /** What the plugin was granted. */
  readonly granted: PermissionSet;
  /** Where modules are kept, or would be. */
  readonly cache: string;
}

/** What the process of a Deno worker is held to. The kernel knows ports, and neither hosts nor single programs. */
export function denoBounds({ process, granted, cache }: DenoNeeds): Held {
  const { read, write, run, ffi, import: modules } = process;
  const files = kernelBounds({ read, write, run });
  const libraries = ffi === true ? ["/"] : ffi ?? [];
  const isFetching = modules === true || (modules ?? []).length > 0;
  return { ...files, read: [...files.read, ...libraries, cache], write: [...files.write, cache], net: isFetching || portsOf(granted.net) };
}

function portsOf(hosts: PermissionSet["net"]): Held["net"] {
  if (hosts === undefined || hosts === true) return hosts === true;
  const ports = hosts.map((host) => portOf(/:\d+$/.exec(host)?.[0] ?? ""));
  return ports.includes(undefined) || ports.filter((port) => port !== undefined);
}
