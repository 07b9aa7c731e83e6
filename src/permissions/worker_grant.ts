/**
 * What a worker's plugin may do, whatever its runtime.
 *
 * @module
 */
import type { PluginSpec } from "../manifest/manifest.ts";
import { portOf } from "../manifest/permissions.ts";
import type { PermissionSet } from "../protocol/messages.ts";
import { allowedBy, grantPermissions, intersectPermissions, type PermissionPolicy } from "./grant.ts";

/**
 * How plugins are bounded. Default: a Python plugin whose manifest has `permissions` or `sandbox` by the kernel, and a Deno plugin by Deno.
 *
 * - `"required"`: a Python plugin whose manifest has neither may do nothing, where it could do whatever its user may.
 * - `"kernel"`: besides that, the kernel holds the process of a Deno plugin to its permissions, and not Deno alone.
 * - `"watched"`: no Python plugin is held to anything, and `auditPermissions` tells what it would be refused. It is for finding out what a plugin needs.
 */
export type BoundsLevel = "required" | "kernel" | "watched";

/** What a host decides about bounds. */
export interface BoundsOptions {
  /** The most that a plugin may get of what its manifest asks for. Default: nothing. */
  readonly permissions?: PermissionPolicy;
  /** Which plugins are bounded besides those that are anyway. */
  readonly bounds?: BoundsLevel;
}

/** What a plugin may do, and what of it could not be given. */
export interface WorkerGrant {
  /** What both sides allow. */
  readonly permissions: PermissionSet;
  /** Who holds the plugin to it; `undefined` for a plugin that only the system's own rights bound. */
  readonly keeper: "kernel" | "deno" | undefined;
  /** Where the policy lets files be read and written, when it names places. A link in a granted place must not lead out of these. */
  readonly within?: Pick<PermissionSet, "read" | "write">;
  /** The host's variables that the plugin gets, of those that its manifest has in `inherit_env`. */
  readonly inherits: PluginSpec["inheritEnv"];
  /** What the plugin asks for and cannot have, though the policy has room for it. */
  readonly warnings: readonly string[];
}

/**
 * What both sides allow a plugin.
 *
 * @throws {TypeError} When the policy has an entry that Deno would read as another one.
 */
export function grantTo(spec: PluginSpec, { permissions: policy = {}, bounds }: BoundsOptions): WorkerGrant {
  const { name, runtime, inheritEnv: inherits } = spec;
  if (runtime.kind === "python") return grantToPython(spec, runtime.permissions, { policy, bounds });
  const { permissions, notFound } = grantPermissions(runtime.permissions, policy);
  const warnings = notFound.map((program) => `"${name}" may not run "${program}": no folder of PATH into which the host may look has it`);
  return { permissions, keeper: bounds === "kernel" ? "kernel" : "deno", inherits, warnings };
}

interface Level {
  readonly policy: PermissionPolicy;
  readonly bounds: BoundsLevel | undefined;
}

function grantToPython({ name, inheritEnv }: PluginSpec, asked: PermissionSet | undefined, { policy, bounds }: Level): WorkerGrant {
  const isHeld = bounds === undefined ? asked !== undefined : bounds !== "watched";
  const requested = asked ?? {};
  const allowed = allowedBy(policy, requested);
  const permissions = intersectPermissions(requested, allowed === requested ? "requested" : held(allowed));
  const inherits = isHeld && allowed !== requested ? intersectPermissions({ env: inheritEnv }, { env: allowed.env }).env ?? [] : inheritEnv;
  const warnings = [...unheld(name, requested, allowed), ...withheld(name, inheritEnv, inherits)];
  const granted = { permissions, keeper: isHeld ? "kernel" as const : undefined, inherits, warnings };
  const bounded = (["read", "write"] as const).filter((kind) => permissions[kind] !== undefined && Array.isArray(allowed[kind]));
  if (!isHeld || allowed === requested || bounded.length === 0) return granted;
  const places = Object.fromEntries(bounded.map((kind) => [kind, allowed[kind]]));
  return { ...granted, within: intersectPermissions(places, "requested") };
}

function withheld(plugin: string, asked: PluginSpec["inheritEnv"], inherits: PluginSpec["inheritEnv"]): string[] {
  if (inherits === true) return [];
  if (asked === true) return [`"${plugin}" inherits all variables by its manifest, and gets those alone that the policy names in "env"`];
  return asked.filter((name) => !inherits.includes(name)).map((name) =>
    `"${plugin}" does not get the variable "${name}" that its manifest inherits: the policy does not name it in "env"`
  );
}

/** What of a policy the kernel can hold a Python plugin to. Who allows one host or one program does not allow them all. */
function held({ read, write, net, run }: PermissionSet): PermissionSet {
  const ports = net === true ? true : net?.filter((entry) => portOf(entry) !== undefined);
  return { read, write, net: ports, run: run === true ? true : undefined };
}

function unheld(plugin: string, requested: PermissionSet, allowed: PermissionSet): string[] {
  const of = (what: string) =>
    `"${plugin}" is a Python plugin, which the kernel cannot hold to the ${what} of the policy. It gets none of these`;
  const hosts = allowed.net === true ? [] : allowed.net?.filter((entry) => portOf(entry) === undefined) ?? [];
  return [
    ...(requested.net !== undefined && hosts.length > 0 ? [of("hosts")] : []),
    ...(requested.run !== undefined && Array.isArray(allowed.run) && allowed.run.length > 0 ? [of("programs")] : []),
  ];
}
