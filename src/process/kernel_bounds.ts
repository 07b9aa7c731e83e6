/**
 * What the kernel is to hold a worker to. The worker adds what any plugin needs: its modules, its scratch folders and the runtime's own files.
 *
 * @module
 */
import type { WorkerStartError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { portOf } from "../manifest/permissions.ts";
import type { WorkerGrant } from "../permissions/worker_grant.ts";
import type { KernelBounds, PermissionSet, WorkerLimits } from "../protocol/messages.ts";
import { startError } from "./start_failure.ts";

/** What a worker is held to. */
export type Held = Omit<KernelBounds, "home" | "hold" | "audit" | "within">;

/** A grant as the kernel holds a Python plugin to it. */
export function kernelBounds({ read, write, net, run }: PermissionSet): Held {
  const ports = net === true || net === undefined ? net === true : net.flatMap((entry) => portOf(entry) ?? []);
  return { read: pathsOf(read), write: pathsOf(write), net: ports, run: run !== undefined };
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
