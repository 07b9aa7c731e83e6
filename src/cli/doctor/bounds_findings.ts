/**
 * What `doctor --bounds` finds: what a plugin needs to be allowed, by running it held to nothing, and then held to its bounds.
 *
 * @module
 */
import { dirname } from "@std/path";
import { PluginError } from "../../errors.ts";
import { asChecked } from "../../manifest/load.ts";
import type { PluginSpec } from "../../manifest/manifest.ts";
import { containsPath, PERMISSION_KINDS, type PermissionPolicy } from "../../permissions/grant.ts";
import { type BoundsLevel, grantTo } from "../../permissions/worker_grant.ts";
import type { Kwargs } from "../../plugin/interface.ts";
import { allows, type PermissionUse } from "../../process/permission_audit.ts";
import type { PermissionSet } from "../../protocol/messages.ts";
import type { Context } from "../context.ts";
import { visibleLine } from "../output/visible.ts";
import type { Finding } from "./finding.ts";
import { neededPermissions } from "./needed_permissions.ts";

/** How the plugin is tried. */
export interface Trial {
  readonly spec: PluginSpec;
  /** What it is called with; it is only loaded when this is left out. */
  readonly kwargs: Kwargs | undefined;
}

/** Runs a plugin unbounded and bounded, and tells the difference, with the permissions that would do. */
export async function* boundsFindings(context: Context, { spec, kwargs }: Trial): AsyncGenerator<Finding, void, void> {
  const report = (check: string, verdict: Finding["verdict"], found: string, fix?: string) => ({
    about: spec.name,
    check,
    verdict,
    found,
    fix,
  });
  const { kind: runtime } = spec.runtime;
  const free = await run(context, freed(spec), { kwargs, permissions: "requested", bounds: "watched" });
  yield free.failure === undefined ? report("unbounded", "good", "it runs") : report("unbounded", "bad", free.failure);
  const { permissions: granted } = grantTo(spec, { permissions: context.policy, bounds: "required" });
  const missing = [...await modulesElsewhere(spec, granted), ...free.uses.filter((use) => !isAllowed(use, { runtime, granted }))];
  for (const { permission, value = "all" } of missing) yield report("refused", "odd", `${permission} ${visibleLine(value)}`);
  const bounded = await run(context, spec, { kwargs, permissions: context.policy, bounds: "required" });
  yield bounded.failure === undefined ? report("bounded", "good", "it runs") : report("bounded", "odd", bounded.failure);
  if (missing.length === 0 && bounded.failure === undefined) return;
  const refused = bounded.uses.filter(({ allowed }) => !allowed);
  const wanted = neededPermissions([...missing, ...refused], { runtime, granted });
  const last = await run(context, withPermissions(spec, wanted), { kwargs, permissions: "requested", bounds: "required" });
  const text = JSON.stringify(wanted);
  yield last.failure === undefined
    ? report(
      "permissions",
      "good",
      `with these it runs bounded: ${text}`,
      'Put them into its manifest as "permissions", and have the host give them',
    )
    : report("permissions", "bad", `with these it fails still: ${text}: ${last.failure}`, NATIVE);
}

/** A plugin's folders that do not lie in its manifest's. A bounded one does not start without being granted them, and so tells of none. */
async function modulesElsewhere({ runtime, source }: PluginSpec, { read, write }: PermissionSet): Promise<PermissionUse[]> {
  if (runtime.kind !== "python" || source === undefined || read === true || write === true) return [];
  const real = (path: string) => Deno.realPath(path).catch(() => path);
  const places = await Promise.all([dirname(source), ...read ?? [], ...write ?? []].map(real));
  const folders = new Set(await Promise.all(runtime.path.map(real)));
  const outside = [...folders].filter((folder) => !places.some((place) => containsPath(place, folder)));
  return outside.map((value) => ({ permission: "read", value, allowed: false }));
}

const NATIVE = "What libraries in C open nobody tells. The program strace shows it";

interface Run extends Pick<Trial, "kwargs"> {
  readonly permissions: PermissionPolicy;
  readonly bounds: BoundsLevel;
}

interface Outcome {
  readonly uses: readonly PermissionUse[];
  readonly failure: string | undefined;
}

async function run(context: Context, spec: PluginSpec, { kwargs, ...options }: Run): Promise<Outcome> {
  const uses: PermissionUse[] = [];
  const auditPermissions = (use: PermissionUse) => void uses.push(use);
  const { manager } = await context.openManager(undefined, { folders: [], manifests: [spec], auditPermissions, ...options });
  try {
    await using _manager = manager;
    await manager.load(spec.name);
    if (kwargs !== undefined) await manager.get(spec.name).execute(kwargs, { signal: context.signal });
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return { uses, failure: error.message };
  }
  return { uses, failure: undefined };
}

/** The same plugin with nothing in its way. Deno has to be told that it may do everything. */
function freed(spec: PluginSpec): PluginSpec {
  return spec.runtime.kind === "python" ? spec : withPermissions(spec, Object.fromEntries(PERMISSION_KINDS.map((kind) => [kind, true])));
}

function withPermissions({ runtime, ...spec }: PluginSpec, permissions: PermissionSet): PluginSpec {
  return asChecked({ ...spec, runtime: { ...runtime, permissions } });
}

/** A Python worker says itself what would be refused, for it knows its own libraries. */
function isAllowed({ permission, value, allowed }: PermissionUse, { runtime, granted }: Parameters<typeof neededPermissions>[1]): boolean {
  return runtime === "python" ? allowed : allows(granted, permission, value);
}
