/**
 * The command line of a worker. It holds no secret.
 *
 * @module
 */
import { dirname, fromFileUrl, join, toFileUrl } from "@std/path";
import type { DenoRuntime, PluginEntry, PluginSpec } from "../manifest/manifest.ts";
import { networkVariables, type Variables, type WorkerVariables } from "../permissions/environment.ts";
import { containsPath } from "../permissions/grant.ts";
import { permissionFlags } from "../permissions/flags.ts";
import { workerProgram } from "../permissions/required.ts";
import type { WorkerGrant } from "../permissions/worker_grant.ts";
import { type Address, addressUrl, isUnix } from "../protocol/address.ts";
import type { PermissionSet, PluginTarget } from "../protocol/messages.ts";
import { DENO_WORKER_FILES } from "../worker/generated/deno_worker.ts";
import { PYTHON_WORKER_BOOT, PYTHON_WORKER_HASH, PYTHON_WORKER_PACK } from "../worker/generated/python_worker.ts";
import { type ModuleSettings, readModuleSettings } from "./deno_config.ts";
import { withFixedNames } from "./import_map.ts";
import { denoBounds, heldByKernel } from "./held_deno.ts";
import { fetchesModules, type ModuleAccess, moduleAccess, npmFlags, remoteFlags } from "./module_access.ts";
import { keptModules } from "./module_cache.ts";
import type { WorkerFolder } from "./worker_folder.ts";

/** What to run, and what the worker is told of its plugin. */
export interface WorkerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly target: PluginTarget;
  /** The module of a worker of the environment's own, which ours runs in its place. */
  readonly foreign?: string;
  /** The process's environment. */
  readonly environment: Variables;
  /** Whether the program is bubblewrap, whose pid and status are not the worker's. */
  readonly isSandboxed?: true;
  /** What the program has to be run with first, if anything: it fetches the plugin's modules, while none of them runs. */
  readonly fetch?: readonly string[];
}

/** What the command line depends on besides the manifest. */
export interface CommandContext {
  readonly folder: WorkerFolder;
  readonly listen: Address;
  /** What the plugin may do. */
  readonly grant: WorkerGrant;
  /** Who has which variables. */
  readonly variables: WorkerVariables;
  /** Whether the worker tells what the plugin tries. */
  readonly audit: boolean;
}

/** What of the module is the plugin, as the start line says it. */
function entryKeys({ kind, name }: PluginEntry): Pick<PluginTarget, "class" | "function" | "entry"> {
  return kind === "script" ? { entry: name ?? true } : { [kind]: name };
}

/**
 * Prepares the command that starts the builtin worker for a plugin.
 *
 * @throws {ManifestError} When a Deno plugin's own configuration cannot be used.
 */
export async function workerCommand(spec: PluginSpec, context: CommandContext): Promise<WorkerCommand> {
  const { runtime } = spec;
  const { folder, listen, grant, variables, audit } = context;
  const target = { name: spec.name, version: spec.version, module: runtime.module, ...entryKeys(runtime.entry) };
  const program = workerProgram(spec);
  if (runtime.kind === "python") {
    const python = { ...target, path: runtime.path, adapters: runtime.adapters };
    const command = {
      program,
      args: pythonArguments(folder, grant),
      target: python,
      foreign: runtime.foreignWorker,
      environment: variables.process,
    };
    return grant.keeper === "kernel" ? withOwnVariables(command, variables) : command;
  }
  const { permissions } = grant;
  const network = { ...networkVariables(), ...variables.process };
  const access = moduleAccess({ module: runtime.module, granted: permissions.import, environment: network });
  const deno = { listen, folder, permissions, access };
  const process = fetchesModules(access) ? network : variables.process;
  const own = await denoEnvironment(runtime, deno, process);
  const command = {
    ...denoArguments(spec, runtime, deno),
    program,
    target: { ...target, path: [], permissions, env: variables.plugin },
    environment: { ...process, ...own, ...audit ? AUDIT : {} },
  };
  if (grant.keeper !== "kernel") return command;
  const needs = { process: processPermissions(spec, runtime, deno), granted: permissions, cache: own.DENO_DIR };
  return { ...command, ...heldByKernel(command, { bounds: denoBounds(needs), folder }) };
}

/** Variables can have a process run code before it has bound itself, as `LD_PRELOAD` does. It takes those of the manifest when it has. */
function withOwnVariables(command: WorkerCommand, { process, own }: WorkerVariables): WorkerCommand {
  const env = Object.fromEntries(Object.entries(process).filter(([name, value]) => own[name] !== value));
  return { ...command, environment: own, target: { ...command.target, env } };
}

/** A worker that is to bind itself does so before its packages are looked at, whose `.pth` files are code that Python runs when it starts. */
function pythonArguments(folder: WorkerFolder, { keeper }: WorkerGrant): string[] {
  const bare = keeper === "kernel" ? ["-S"] : [];
  return [...bare, "-c", PYTHON_WORKER_BOOT, folder.write("worker.py", PYTHON_WORKER_PACK), PYTHON_WORKER_HASH];
}

/** Where Deno tells of each permission that it is asked for. In a file nobody would read it before the end. */
const AUDIT = { DENO_AUDIT_PERMISSIONS: "/dev/stderr" };

const SOURCES = new URL("../worker/", import.meta.url);

/** What plugins of this repository import by a relative path. Where the package comes from the network, nobody can. */
export const WORKER_SOURCES: readonly string[] = SOURCES.protocol === "file:" ? [fromFileUrl(SOURCES)] : [];

/** The module that plugins import, by its names. The worker brings it along, so that it need not be fetched. */
const AUTHOR_MODULE = "plugin_author.mjs";
const AUTHOR_NAMES = ["@remote-plugin/proxy/worker", "jsr:@remote-plugin/proxy/worker"];

interface DenoGrant {
  readonly listen: Address;
  /** The worker's own folder. The part of it for files is the plugin's thread's as well. */
  readonly folder: WorkerFolder;
  readonly permissions: PermissionSet;
  readonly access: ModuleAccess;
}

/**
 * Under load V8 lets the part of the heap for new objects grow to 48 MiB in each of the two threads, which doubles the worker's memory. With 12 MiB calls
 * take as long.
 */
const V8_FLAGS = ["--max-semi-space-size=4"];

/** What V8 collects is limited by V8, which says of what it ends. The kernel limits the rest. */
function v8Flags({ limits: { memoryMb } }: PluginSpec): string {
  return `--v8-flags=${[...V8_FLAGS, ...memoryMb === undefined ? [] : [`--max-old-space-size=${memoryMb}`]].join(",")}`;
}

/** The worker's own modules stand in its own folder: neither a cache nor the plugin's import map can put others in their place. */
function denoArguments(spec: PluginSpec, runtime: DenoRuntime, grant: DenoGrant): Pick<WorkerCommand, "args" | "fetch"> {
  const { folder, access } = grant;
  for (const [name, text] of Object.entries(DENO_WORKER_FILES)) folder.write(name, text);
  const modules = ["--quiet", "--no-lock", "--node-modules-dir=none", ...remoteFlags(access), ...moduleFlags(spec, runtime, folder)];
  const flags = ["--no-prompt", "--no-code-cache", "--unstable-worker-options", v8Flags(spec), ...npmFlags(access)];
  const permissions = permissionFlags(processPermissions(spec, runtime, grant));
  return {
    args: ["run", ...modules, ...flags, ...permissions, toFileUrl(folder.file("main.mjs")).href],
    fetch: access.npm === "before" ? ["cache", ...modules, ...permissionFlags({ import: access.hosts }), runtime.module] : undefined,
  };
}

/** An import map of the plugin's, and of what else it says only what changes how its modules run. */
function moduleFlags(spec: PluginSpec, runtime: DenoRuntime, folder: WorkerFolder): string[] {
  const { map, compilerOptions } = moduleSettings(spec, runtime);
  const importMap = folder.write("import_map.json", JSON.stringify(withFixedNames(map, fixedNames(runtime.module, folder))));
  return [`--import-map=${importMap}`, configFlag(compilerOptions, folder)];
}

/** With imports in it Deno would read the configuration above each module besides, and without a workspace the one above the worker's own folder. */
function configFlag(compilerOptions: ModuleSettings["compilerOptions"], folder: WorkerFolder): string {
  if (Object.keys(compilerOptions).length === 0) return "--no-config";
  return `--config=${folder.write("deno.json", JSON.stringify({ workspace: [], nodeModulesDir: "none", compilerOptions }))}`;
}

/** How the modules of a Deno plugin find each other. */
export function moduleSettings(spec: PluginSpec, runtime: DenoRuntime): ModuleSettings {
  const own = pluginFolder(spec, runtime);
  if (own === undefined) return { map: { imports: {}, scopes: {} }, compilerOptions: {} };
  return readModuleSettings({ plugin: spec.name, start: dirname(fromFileUrl(runtime.module)), own });
}

/** What the plugin's import map has no say in: the worker's own modules, and which one the manifest names. */
function fixedNames(module: string, folder: WorkerFolder): Record<string, string> {
  const own = Object.keys(DENO_WORKER_FILES).map((name) => toFileUrl(folder.file(name)).href);
  const author = toFileUrl(folder.file(AUTHOR_MODULE)).href;
  return Object.fromEntries([...[...own, module].map((url) => [url, url]), ...AUTHOR_NAMES.map((name) => [name, author])]);
}

/**
 * The variables by which a Deno process is kept to itself. In its own cache lie the only files that it keeps open, and all that its plugin stores; it is
 * removed with the worker, unless there is something in it that would have to be fetched again.
 */
async function denoEnvironment(
  { module }: DenoRuntime,
  { folder, permissions, access }: DenoGrant,
  { NPM_CONFIG_REGISTRY: npm, JSR_URL: jsr }: Variables,
): Promise<Variables & { readonly DENO_DIR: string }> {
  const kept = fetchesModules(access) ? await keptModules({ module, permissions, npm, jsr }, folder.path) : undefined;
  return {
    DENO_DIR: kept ?? passingCache(folder),
    DENO_NO_PACKAGE_JSON: "1",
    // An empty cache would have each worker ask the network for it.
    DENO_NO_UPDATE_CHECK: "1",
  };
}

/** Where Deno makes databases of what it has found out about modules, for the next time. */
const DATABASES = ["dep_analysis_cache_v2", "node_analysis_cache_v2"];

/** A cache for one run has no next time. Folders stand where the databases would, so that Deno makes these in memory: in files they take 4 ms of a start. */
function passingCache(folder: WorkerFolder): string {
  const cache = folder.file("deno");
  for (const name of DATABASES) Deno.mkdirSync(join(cache, name), { recursive: true });
  return cache;
}

/** The process holds what its control thread needs and what the plugin's thread is given; the thread itself gets the latter alone. */
function processPermissions(
  spec: PluginSpec,
  runtime: DenoRuntime,
  { listen, folder: { path: own }, permissions, access }: DenoGrant,
): PermissionSet {
  const socket = isUnix(listen) ? [listen.unix] : [];
  const folder = pluginFolder(spec, runtime);
  return {
    ...permissions,
    read: union(permissions.read, [...(folder === undefined ? [] : [folder]), ...WORKER_SOURCES, ...socket, own]),
    // The control thread writes the plugin's files, and removes the worker's own folder when the host cannot do it any more.
    write: union(permissions.write, [own, ...socket]),
    net: union(permissions.net, [isUnix(listen) ? addressUrl(listen) : `${listen.tcp}:0`]),
    // The control thread ends what the plugin has started, and Deno lets only those signal a process group who may run everything.
    run: permissions.run === undefined ? undefined : true,
    import: access.hosts,
  };
}

function union(allowance: true | readonly string[] | undefined, more: readonly string[]): true | readonly string[] {
  return allowance === true ? true : [...allowance ?? [], ...more];
}

/** The folder from which the plugin's modules are loaded: the manifest's when the plugin is in it, else the plugin's own. */
export function pluginFolder(spec: Pick<PluginSpec, "source">, runtime: DenoRuntime): string | undefined {
  if (!runtime.module.startsWith("file:")) return undefined;
  const own = dirname(fromFileUrl(runtime.module));
  const manifests = spec.source === undefined ? own : dirname(spec.source);
  return containsPath(manifests, own) ? manifests : own;
}
