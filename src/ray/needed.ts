/**
 * What a host has to be allowed for a cluster.
 *
 * @module
 */
import { readInputs } from "../environments/inputs.ts";
import { isGranted } from "../manifest/host_access.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { isPattern } from "../permissions/environment.ts";
import { demand, type LaunchPlan } from "../permissions/required.ts";
import { grantTo } from "../permissions/worker_grant.ts";
import { PluginCode } from "./code.ts";
import type { AgentAddress, RaySettings } from "./options.ts";

/** What a start of this plugin takes: the network of the cluster, and what is read of the plugin. */
export async function neededForRay(spec: PluginSpec, plan: LaunchPlan, settings: RaySettings): Promise<Deno.PermissionDescriptor[]> {
  return [...neededNet(settings), ...await neededRead(spec, settings), ...neededEnv(spec, plan, settings)];
}

/**
 * Makes sure that the host has it.
 *
 * @throws {PermissionDeniedError} Lists what is missing, and the flags that give it.
 */
export async function demandForRay(spec: PluginSpec, plan: LaunchPlan, settings: RaySettings): Promise<void> {
  const needed = await neededForRay(spec, plan, settings);
  demand(spec, needed.filter((one) => !isHeld(one)));
}

/**
 * Makes sure that the host may connect to an agent, whose node is known only once Ray has chosen it.
 *
 * @throws {PermissionDeniedError} Names the node, and the flag that gives it.
 */
export function demandNode(spec: PluginSpec, { hostname, port }: AgentAddress): void {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  demand(spec, isGranted({ name: "net", host: `${host}:${port}` }) ? [] : [{ name: "net", host }]);
}

/** Deno takes a network for a flag, and tells of single addresses only. */
function isHeld(permission: Deno.PermissionDescriptor): boolean {
  if (permission.name !== "net" || !permission.host?.includes("/")) return isGranted(permission);
  return isGranted({ name: "net", host: permission.host.split("/")[0]! });
}

function neededNet({ dashboard: { hostname, port, protocol }, nodes }: RaySettings): Deno.NetPermissionDescriptor[] {
  if (nodes === undefined) return [{ name: "net" }];
  const head = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  return [head, ...nodes].map((host) => ({ name: "net", host }));
}

async function neededRead(spec: PluginSpec, settings: RaySettings): Promise<Deno.ReadPermissionDescriptor[]> {
  const { token, environment } = settings;
  const { runtime } = spec;
  const source = environment === undefined && runtime.kind === "python" ? runtime.environment : undefined;
  const inputs = source === undefined ? [] : source.kind === "path" ? (await readInputs(source, spec.name)).files : [];
  const files = [...new PluginCode(spec, settings).paths, ...inputs, ...typeof token === "object" && "file" in token ? [token.file] : []];
  return files.map((path) => ({ name: "read", path }));
}

function neededEnv(spec: PluginSpec, { permissions, bounds }: LaunchPlan, { token }: RaySettings): Deno.EnvPermissionDescriptor[] {
  const { inherits } = grantTo(spec, { permissions, bounds });
  const names = [...inherits === true ? [] : inherits, ...typeof token === "object" && "env" in token ? [token.env] : []];
  return names.some(isPattern) ? [{ name: "env" }] : names.map((variable) => ({ name: "env", variable }));
}
