/**
 * What the host itself needs in order to start a worker.
 *
 * @module
 */
import { resolve } from "@std/path";
import { PermissionDeniedError } from "../errors.ts";
import { interpreterIn } from "../environments/environment.ts";
import { type EnvironmentPlace, findEnvironment } from "../environments/find.ts";
import { findingNeeds, makingNeeds } from "../environments/needs.ts";
import { loadManifest, type ManifestSource } from "../manifest/load.ts";
import type { EnvironmentSource, PluginSpec } from "../manifest/manifest.ts";
import { scriptReference } from "../manifest/script.ts";
import { addressUrl } from "../protocol/address.ts";
import { blockingPermissions } from "./blocking.ts";
import { isPattern, processVariables } from "./environment.ts";
import { hostVariable, isGranted } from "../manifest/host_access.ts";
import { descriptorFlags } from "./flags.ts";
import { type BoundsLevel, grantTo, type WorkerGrant } from "./worker_grant.ts";
import { looksForPrograms, type PermissionPolicy } from "./grant.ts";

/** What the permissions depend on besides the manifest. */
export interface RequiredPermissionsOptions {
  /**
   * The folder in which each worker gets a private one. Default: the system's folder for temporary files, and besides it, for big values and as far
   * as there is room, `/dev/shm`, which Deno opens only to programs that run with `--allow-all`.
   */
  readonly scratchDir?: string;
  /**
   * The unix socket of this worker. Default: one in its private folder. Deno grants unix sockets by their exact path only, so a host that
   * runs with `--allow-net=unix:PATH` names the path here.
   */
  readonly socketPath?: string;
  /** Whether the plugin will be started by `RemotePluginProxySync`, whose thread must load this package's modules. Default: `false`. */
  readonly blocking?: boolean;
  /** Whether results will be mapped into memory by `FileResult.map()`. Default: `false`. */
  readonly mapping?: boolean;
  /** The policy that `RemotePluginProxy.start()` will be given. Default: `"requested"`, which needs the most. */
  readonly permissions?: PermissionPolicy;
  /** The same as will be given to `RemotePluginProxy.start()`. */
  readonly bounds?: BoundsLevel;
  /** The same as will be given to `RemotePluginProxy.start()`. Default: a process of this machine. */
  readonly launcher?: HostNeeds;
}

/** What a host needs for a way of starting plugins. */
export interface HostNeeds {
  /**
   * What the host must be allowed in order to start this plugin.
   *
   * @internal
   */
  neededPermissions(spec: PluginSpec, plan: LaunchPlan): Promise<readonly Deno.PermissionDescriptor[]>;
}

/** Where a worker's files and its socket go, and who holds it. */
export type WorkerPlaces = Pick<RequiredPermissionsOptions, "scratchDir" | "socketPath" | "bounds">;

/** What a host needs, as descriptors and as flags. */
export interface RequiredPermissions {
  /** One descriptor for each thing that the host must be allowed. */
  readonly descriptors: readonly Deno.PermissionDescriptor[];
  /** The same as flags of `deno run`, one a kind. */
  toFlags(): string[];
}

/**
 * The exact permissions that a host needs to start a plugin, so that it can be run with these and no others.
 *
 * @param manifest The plugin.
 * @param options The same places as will be given to `RemotePluginProxy.start()`, and whether it will be the blocking twin.
 * @throws {ManifestError} When the manifest cannot be used.
 *
 * @example
 * ```ts
 * import { requiredPermissions } from "@remote-plugin/proxy";
 *
 * const manifest = { python_path: "/usr/bin/python3", module: "whisper_plugin", class: "WhisperPlugin", plugin_path: "/srv/plugins" };
 * const needed = await requiredPermissions(manifest, { scratchDir: "/var/tmp" });
 * console.log(needed.toFlags());
 * // ["--allow-read=/var/tmp", "--allow-write=/var/tmp", "--allow-net=127.0.0.1", "--allow-run=/usr/bin/python3"]
 * ```
 */
export async function requiredPermissions(
  manifest: ManifestSource,
  { blocking = false, mapping = false, permissions = "requested", launcher = LOCAL_NEEDS, ...places }: RequiredPermissionsOptions = {},
): Promise<RequiredPermissions> {
  const spec = await loadManifest(manifest);
  const descriptors: Deno.PermissionDescriptor[] = [
    ...await launcher.neededPermissions(spec, { ...places, permissions }),
    ...(blocking ? blockingPermissions() : []),
  ];
  if (mapping) descriptors.push({ name: "ffi" });
  if (spec.source !== undefined && !/^https?:/.test(spec.source)) descriptors.unshift({ name: "read", path: pathOf(spec.source) });
  return { descriptors, toFlags: () => descriptorFlags(descriptors) };
}

/** What starting a process of this machine takes. */
export const LOCAL_NEEDS: HostNeeds = {
  async neededPermissions(spec, plan) {
    const environment = await environmentNeeds(spec);
    return [...environment.descriptors, ...neededPermissions(environment.spec, plan)];
  },
};
/** The file of a source, without the name of what is meant in a script. */
function pathOf(source: string): string {
  return scriptReference(source)?.path ?? source;
}

/** What a plugin's environment takes, and the plugin with the interpreter that is or will be in it. */
async function environmentNeeds(spec: PluginSpec): Promise<{ spec: PluginSpec; descriptors: Deno.PermissionDescriptor[] }> {
  const place = await placeOf(spec);
  if (place === undefined) return { spec, descriptors: [] };
  const read = place.inputs.files.map((path) => ({ name: "read", path }) as const);
  const making = place.state === "ready" ? [] : makingNeeds();
  return { spec: place.spec, descriptors: [...findingNeeds(place.source), ...read, ...making] };
}

/** A plugin whose environment was looked for, with the interpreter that is or will be in it. */
export interface PlacedPlugin extends EnvironmentPlace {
  readonly spec: PluginSpec;
  /** What it is made from, as the manifest names it. */
  readonly source: EnvironmentSource;
}

/**
 * Looks for a plugin's environment; `undefined` for a plugin whose manifest names none.
 *
 * @throws {PermissionDeniedError} When the host may not look for it.
 * @throws {WorkerStartError} When what it is made from is not there, or cannot be what is meant.
 */
export async function placeOf(spec: PluginSpec): Promise<PlacedPlugin | undefined> {
  const { runtime } = spec;
  if (runtime.kind !== "python" || runtime.environment === undefined) return undefined;
  const source = runtime.environment;
  // Each start of a program comes by here, and most may read all.
  if (!isGranted({ name: "read" }) || !isGranted({ name: "env" })) demand(spec, findingNeeds(source));
  const place = await findEnvironment(source, spec.name);
  return { ...place, source, spec: { ...spec, runtime: { ...runtime, interpreter: interpreterIn(place.folder) } } };
}

/** What the permissions for a start depend on besides the manifest. */
export type LaunchPlan = WorkerPlaces & Pick<RequiredPermissionsOptions, "permissions">;

/**
 * Makes sure that the host may start a worker, without asking anybody and before anything is started.
 *
 * @throws {PermissionDeniedError} Lists every missing permission and the flags that give them.
 * @throws {ManifestError} When a variable would configure the runtime of a Deno plugin, and the policy does not name it.
 * @throws {TypeError} When the policy has an entry that Deno would read as another one.
 */
export function demandPermissions(spec: PluginSpec, plan: LaunchPlan): void {
  demand(spec, neededPermissions(spec, plan));
}

/**
 * Makes sure that the host may make a plugin's environment and start the plugin in it.
 *
 * @throws {PermissionDeniedError} Lists every missing permission and the flags that give them.
 */
export function demandMaking(spec: PluginSpec, plan: LaunchPlan): void {
  demand(spec, [...makingNeeds(), ...neededPermissions(spec, plan)]);
}

/**
 * Makes sure that the host has these permissions, without asking anybody.
 *
 * @throws {PermissionDeniedError} Lists every missing permission and the flags that give them.
 */
export function demand(spec: PluginSpec, needed: readonly Deno.PermissionDescriptor[]): void {
  const missing = needed.filter((one) => !isGranted(one));
  if (missing.length === 0) return;
  const flags = descriptorFlags(missing);
  throw new PermissionDeniedError(`Cannot start "${spec.name}": the host lacks permissions. Add ${flags.join(" ")}`, {
    plugin: spec.name,
    missing,
    flags,
  });
}

function neededPermissions(spec: PluginSpec, { permissions: policy = {}, ...places }: LaunchPlan): Deno.PermissionDescriptor[] {
  const folder = scratchRoot(places);
  const socket = places.socketPath;
  const { keeper, inherits } = grantTo(spec, { permissions: policy, bounds: places.bounds });
  const launch = { policy, wrapper: wrapperOf(spec, places), keeper };
  const files = socket === undefined ? [folder] : [folder, socket];
  return [
    ...files.flatMap((path) => [{ name: "read", path }, { name: "write", path }] as const),
    ...neededNet(spec, places),
    ...neededRun({ ...spec, inheritEnv: inherits }, launch),
    ...neededEnv(inherits),
    ...neededSearch(spec, launch),
  ];
}

function neededNet(spec: PluginSpec, places: WorkerPlaces): Deno.NetPermissionDescriptor[] {
  if (chooseTransport(spec, places) === "tcp") return [{ name: "net", host: "127.0.0.1" }];
  if (places.socketPath === undefined) return [{ name: "net" }];
  return [{ name: "net", host: addressUrl({ unix: places.socketPath }) }, { name: "net", host: "localhost" }];
}

interface Launch extends Pick<WorkerGrant, "keeper"> {
  readonly policy: PermissionPolicy;
  readonly wrapper: string | undefined;
}

/** Whether somebody else has to limit a worker: a Python worker does so itself. */
export function isLimitedByHost({ runtime, limits }: PluginSpec): boolean {
  return runtime.kind === "deno" && (limits.memoryMb !== undefined || limits.processes !== undefined);
}

/** The program that starts a worker's own, or limits it, if there is one. */
function wrapperOf(spec: PluginSpec, { bounds }: WorkerPlaces): string | undefined {
  const { runtime } = spec;
  if (runtime.kind === "deno") return bounds === "kernel" || isLimitedByHost(spec) ? WRAPPER : undefined;
  return runtime.isSandboxed && bounds !== "watched" ? BUBBLEWRAP : undefined;
}

/**
 * Deno lets nobody set a dynamic linker's variables for a child who may not run everything. It looks at their names as it does here. The process of a Python
 * plugin that binds itself starts without those of the manifest.
 */
function neededRun(spec: PluginSpec, { policy, wrapper, keeper }: Launch): Deno.RunPermissionDescriptor[] {
  const isBare = spec.runtime.kind === "python" && keeper === "kernel";
  const set = isBare ? [] : Object.entries(processVariables(spec, policy)).filter(([, value]) => value !== "");
  const setsLinker = set.some(([name]) => /^\s*(LD|DYLD)_/i.test(name));
  const programs = wrapper === undefined ? [workerProgram(spec)] : [workerProgram(spec), wrapper];
  return setsLinker ? [{ name: "run" }] : programs.map((command) => ({ name: "run", command }));
}

function neededEnv(inherits: PluginSpec["inheritEnv"]): Deno.EnvPermissionDescriptor[] {
  const takesAll = inherits === true || inherits.some(isPattern);
  return takesAll ? [{ name: "env" }] : inherits.map((variable) => ({ name: "env", variable }));
}

/** A program that is given by its name alone is looked for on the host's own `PATH`, which is the worker's as well. */
function neededSearch({ runtime }: PluginSpec, { policy, wrapper }: Launch): Deno.EnvPermissionDescriptor[] {
  const isSearching = wrapper !== undefined || (runtime.kind === "deno" && looksForPrograms(runtime.permissions, policy));
  return isSearching ? [{ name: "env", variable: "PATH" }] : [];
}

/** The program in which a Python plugin's worker runs when its manifest has `"sandbox": "bubblewrap"`. */
export const BUBBLEWRAP = "bwrap";

/** The program that has the kernel hold a Deno worker's process, and becomes it; and that limits a Deno worker's memory. */
export const WRAPPER = "python3";

/** The program that the host starts for a plugin. */
export function workerProgram(spec: PluginSpec): string {
  return spec.runtime.kind === "python" ? spec.runtime.interpreter : Deno.execPath();
}

/**
 * How a worker will be reached: as its manifest says, else by a unix socket where there is one and the host may use it. A Deno process that the kernel holds
 * makes its own socket, and one that may make unix sockets could reach those of others.
 */
export function chooseTransport(spec: PluginSpec, places: WorkerPlaces): "unix" | "tcp" {
  if (spec.runtime.kind === "deno" && places.bounds === "kernel") return "tcp";
  if (spec.transport !== undefined) return spec.transport;
  if (Deno.build.os === "windows") return "tcp";
  return places.socketPath !== undefined || mayUseAnySocket() ? "unix" : "tcp";
}

function mayUseAnySocket(): boolean {
  return isGranted({ name: "net" });
}

/** The folder in which private folders are made. Its path is absolute, for a worker may run elsewhere than its host. */
export function scratchRoot(places: WorkerPlaces): string {
  return resolve(places.scratchDir ?? temporaryFolder());
}

function temporaryFolder(): string {
  const names = Deno.build.os === "windows" ? ["TMP", "TEMP"] : ["TMPDIR"];
  const named = names.map(hostVariable).find((folder) => folder !== undefined);
  return named ?? (Deno.build.os === "windows" ? "C:\\Windows\\Temp" : "/tmp");
}

/** The kinds of permission that make up `--allow-all`. */
const ALL_KINDS = ["read", "write", "net", "env", "run", "ffi", "sys", "import"] as const;

/**
 * The folder in memory in which a worker's files may go as well; `undefined` where there is none. Deno lets only programs that may do everything
 * into `/dev`, so that no flag is narrow enough to ask for it, and a Deno plugin could not read what lies there.
 */
export function memoryRoot(spec: PluginSpec, places: WorkerPlaces): string | undefined {
  if (Deno.build.os !== "linux" || spec.runtime.kind !== "python" || places.scratchDir !== undefined) return undefined;
  return mayDoEverything() ? "/dev/shm" : undefined;
}

/** Whether the host runs with `--allow-all`, without which Deno opens nothing in `/dev`, `/proc` and `/sys`. */
export function mayDoEverything(): boolean {
  return ALL_KINDS.every((name) => isGranted({ name }));
}
