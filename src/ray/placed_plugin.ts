/**
 * A plugin as it is on a node: its paths, its interpreter, its limits.
 *
 * @module
 */
import type { PluginSpec, PythonRuntime } from "../manifest/manifest.ts";
import type { WorkerGrant } from "../permissions/worker_grant.ts";
import type { PermissionSet } from "../protocol/messages.ts";
import type { Greeting } from "./agent_line.ts";
import { manifestFolder, type PluginCode } from "./code.ts";
import type { RaySettings } from "./options.ts";

/** A plugin whose runtime is Python. */
export type PythonPlugin = PluginSpec & { readonly runtime: PythonRuntime };

/** What a place on a node depends on. */
interface Placement {
  readonly settings: RaySettings;
  readonly code: PluginCode;
  readonly greeting: Greeting;
  /** The interpreter on the node. */
  readonly interpreter: string;
}

/** The plugin with the node's paths in the place of the host's. */
export function placedPlugin(spec: PythonPlugin, { settings, code, greeting, interpreter }: Placement): PythonPlugin {
  const place = (path: string) => code.placed(path, greeting.cwd);
  const { memory } = settings.resources;
  const home = manifestFolder(spec);
  const path = code.importPath(greeting.cwd);
  return {
    ...spec,
    // Where it is not among the code, nobody knows what its folder would be.
    source: home !== undefined && code.holds(home) ? place(spec.source!) : undefined,
    cwd: spec.cwd === undefined ? path[0] ?? greeting.folder : place(spec.cwd),
    runtime: { ...spec.runtime, interpreter, environment: undefined, path },
    limits: { ...spec.limits, memoryMb: least(spec.limits.memoryMb, memory && Math.ceil(memory / 1024 / 1024)) },
  };
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? one ?? other : Math.min(one, other);
}

/** What the plugin may do, by the node's paths. */
export function placedGrant(grant: WorkerGrant, { code, greeting }: Pick<Placement, "code" | "greeting">): WorkerGrant {
  const placed = ({ read, write, ...rest }: PermissionSet): PermissionSet => ({
    ...rest,
    ...read === undefined ? {} : { read: placedPaths(read) },
    ...write === undefined ? {} : { write: placedPaths(write) },
  });
  const placedPaths = (paths: true | readonly string[]) => paths === true ? true : paths.map((path) => code.placed(path, greeting.cwd));
  const { permissions, within } = grant;
  return { ...grant, permissions: placed(permissions), ...within === undefined ? {} : { within: placed(within) } };
}
