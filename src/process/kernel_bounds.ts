/**
 * What the kernel is to hold a worker to: what was granted, and what any plugin needs. What the runtime itself reads only the worker knows.
 *
 * @module
 */
import type { WorkerStartError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { portOf } from "../manifest/permissions.ts";
import type { WorkerGrant } from "../permissions/worker_grant.ts";
import type { ScratchFolders } from "../payload/worker_files.ts";
import type { KernelBounds, PermissionSet, WorkerLimits } from "../protocol/messages.ts";
import { startError } from "./start_failure.ts";
import type { WorkerFolder } from "./worker_folder.ts";

/** Where the files of a worker lie. */
export interface BoundFiles {
  readonly folder: Pick<WorkerFolder, "path">;
  readonly scratch: ScratchFolders;
}

/** What a worker is held to. */
export type Held = Omit<KernelBounds, "hold" | "audit">;

/** The bounds of a Python plugin. It reads its own folders and writes where its files lie. */
export function kernelBounds({ runtime }: PluginSpec, granted: PermissionSet, { folder, scratch }: BoundFiles): Held {
  const own = [scratch.disk, ...scratch.memory === undefined ? [] : [scratch.memory]];
  const modules = runtime.kind === "python" ? runtime.path : [];
  return {
    read: [...pathsOf(granted.read), ...modules, folder.path, ...own],
    write: [...pathsOf(granted.write), ...own],
    net: Array.isArray(granted.net) ? granted.net.flatMap((entry) => portOf(entry) ?? []) : granted.net === true,
    run: granted.run !== undefined,
  };
}

function pathsOf(allowance: true | readonly string[] | undefined): readonly string[] {
  return allowance === true ? ["/"] : allowance ?? [];
}

/** What the kernel is to hold a worker's memory and processes to. */
export function resourceLimits({ limits: { memoryMb, processes } }: PluginSpec): Pick<WorkerLimits, "memory" | "processes"> {
  return {
    ...memoryMb === undefined ? {} : { memory: memoryMb * 1024 * 1024 },
    ...processes === undefined ? {} : { processes },
  };
}

/**
 * Makes sure that a plugin that is to be bounded can be, before anything is started.
 *
 * @throws {WorkerStartError} When it cannot.
 */
export function demandBounds(
  spec: PluginSpec,
  { keeper }: Pick<WorkerGrant, "keeper">,
  { os = Deno.build.os }: { readonly os?: string } = {},
): void {
  const { runtime, limits } = spec;
  const byKernel = keeper === "kernel";
  if (byKernel && runtime.kind === "python" && runtime.foreignWorker !== undefined) {
    throw boundsError(
      spec,
      `the host requires bounds, and the worker "${runtime.foreignWorker}" keeps none. Remove "worker" from its manifest`,
    );
  }
  if (os === "linux") return;
  const isLimited = limits.memoryMb !== undefined || limits.processes !== undefined;
  if (!byKernel && !isLimited) return;
  throw boundsError(spec, `the kernel is to hold it to its bounds, which Linux can and ${os} cannot. ${adviceFor(spec, byKernel)}`);
}

function adviceFor({ runtime }: PluginSpec, byKernel: boolean): string {
  if (!byKernel) return 'Remove "max_memory_mb" and "max_processes" from "resources" of its manifest';
  if (runtime.kind === "deno") return 'Start it without bounds: "kernel"';
  return 'Remove "permissions" and "sandbox" from its manifest and "bounds" from the host, and run code that you do not trust in a container or as ' +
    "another user";
}

/** The error of a plugin whose bounds cannot be kept. */
export function boundsError(spec: PluginSpec, what: string): WorkerStartError {
  return startError(spec, "bounds", what, {});
}
