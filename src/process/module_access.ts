/**
 * Where a Deno plugin's modules may come from.
 *
 * @module
 */
import type { Variables } from "../permissions/environment.ts";
import type { PermissionSet } from "../protocol/messages.ts";

/** What the choice depends on. */
export interface ModuleRequest {
  /** The URL of the plugin's module. */
  readonly module: string;
  /** The hosts from which the plugin may import. */
  readonly granted: PermissionSet["import"];
  /** The worker's environment, in which a user may have named other registries. */
  readonly environment: Variables;
}

/** Where modules may come from, and when. */
export interface ModuleAccess {
  /** The hosts: those that were granted, and the one that the manifest names. */
  readonly hosts: true | readonly string[];
  /**
   * When packages may come from npm. A thread has no permission for that, so that the process must be shut when the plugin runs: a plugin that itself comes
   * from there, and may import nothing else, is fetched before.
   */
  readonly npm: "never" | "before" | "always";
}

const NPM_HOST = "registry.npmjs.org";
const JSR_HOST = "jsr.io";

/** What a plugin may import: the hosts that it was granted; and while it is loaded, the one from which its manifest takes it. */
export function moduleAccess({ module, granted, environment }: ModuleRequest): ModuleAccess {
  const registry = hostOf(environment.NPM_CONFIG_REGISTRY);
  const mayUseNpm = [NPM_HOST, ...registry === undefined ? [] : [registry]].some((host) => covers(granted, host));
  const named = hostNamedBy(module, environment);
  return {
    hosts: granted === true ? true : [...new Set([...granted ?? [], ...named === undefined ? [] : [named]])],
    npm: mayUseNpm ? "always" : module.startsWith("npm:") ? "before" : "never",
  };
}

function hostNamedBy(module: string, environment: Variables): string | undefined {
  if (module.startsWith("jsr:")) return hostOf(environment.JSR_URL) ?? JSR_HOST;
  return /^https?:/.test(module) ? hostOf(module) : undefined;
}

function hostOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : URL.parse(url)?.host;
}

/** A host without a port stands for all its ports. */
function covers(granted: PermissionSet["import"], host: string): boolean {
  if (granted === undefined || granted === true) return granted === true;
  return granted.some((one) => one === host || host.startsWith(`${one}:`) || one === `${host}:443`);
}

/** Whether anything is ever fetched. */
export function fetchesModules({ hosts, npm }: ModuleAccess): boolean {
  return hosts === true || hosts.length > 0 || npm !== "never";
}

/** What else than `--allow-import` with the hosts keeps a process to them: without any, Deno would take modules from some that it trusts itself. */
export function remoteFlags({ hosts }: ModuleAccess): string[] {
  return hosts !== true && hosts.length === 0 ? ["--no-remote"] : [];
}

/** What keeps a worker from npm when the plugin runs. */
export function npmFlags({ npm }: ModuleAccess): string[] {
  return { never: ["--no-npm"], before: ["--cached-only"], always: [] }[npm];
}
