/**
 * The environment that a worker sees. A Python plugin has that of its process. A Deno plugin has variables of its own, for those of its process configure the
 * runtime, which keeps the plugin's bounds: a library that is loaded, a broker that is asked for permissions, a file that is written.
 *
 * @module
 */
import { DELIMITER, dirname, isAbsolute } from "@std/path";
import { ManifestError, PermissionDeniedError } from "../errors.ts";
import type { DenoRuntime, PluginSpec } from "../manifest/manifest.ts";
import { configuresRuntime, isSameVariable } from "../manifest/variables.ts";
import { registeredTelemetry, SPAN_DELAY_MS } from "../protocol/telemetry.ts";
import { namesVariable, type PermissionPolicy } from "./grant.ts";
import { isGranted, mayReadEnv } from "../manifest/host_access.ts";

/** What a program needs to find its tools, its home, its language and its folders for what does not last, and nothing that is ever secret. */
const DEFAULT_NAMES = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_CACHE_HOME"];

/** What programs need on Windows besides. */
const WINDOWS_NAMES = [
  "SYSTEMROOT",
  "WINDIR",
  "SYSTEMDRIVE",
  "COMSPEC",
  "PATHEXT",
  "TEMP",
  "TMP",
  "USERPROFILE",
  "APPDATA",
  "LOCALAPPDATA",
];

/**
 * Where and how a worker sends its part of a trace. The headers of what it sends there may hold a secret, and so do not belong to this: a manifest has
 * to name them.
 */
const TRACING_NAMES = [
  "OTEL_DENO",
  "OTEL_DENO_TRACING",
  "OTEL_DENO_METRICS",
  "OTEL_DENO_CONSOLE",
  "OTEL_SDK_DISABLED",
  "OTEL_PROPAGATORS",
  "OTEL_RESOURCE_ATTRIBUTES",
  "OTEL_TRACES_EXPORTER",
  "OTEL_TRACES_SAMPLER",
  "OTEL_TRACES_SAMPLER_ARG",
  "OTEL_BSP_SCHEDULE_DELAY",
  "OTEL_METRIC_EXPORT_INTERVAL",
  ...["", "TRACES_", "METRICS_", "LOGS_"].flatMap((signal) =>
    ["ENDPOINT", "PROTOCOL", "TIMEOUT", "CERTIFICATE"].map((what) => `OTEL_EXPORTER_OTLP_${signal}${what}`)
  ),
];

/** Where and how a user fetches modules: registries, proxies, and whom to trust. */
const NETWORK_NAMES = [
  ...["DENO_CERT", "DENO_TLS_CA_STORE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"],
  ...["NPM_CONFIG_REGISTRY", "JSR_URL"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]),
];

/** Variables by their names. */
export type Variables = Readonly<Record<string, string>>;

/** Who has which variables. */
export interface WorkerVariables {
  /** What the worker's process starts with. */
  readonly process: Variables;
  /** What a Deno plugin and the programs that it starts see besides. */
  readonly plugin: Variables;
  /** Of `process`, what no manifest has a say in: a process that is to bind itself has nothing else before. */
  readonly own: Variables;
}

/**
 * The variables of a worker. Its process has the default names as far as the host may read them, and what tracing needs when it is on. What `inherit_env`
 * names, and then `env_vars`, is the process's as well for a Python plugin, and a Deno plugin's own.
 *
 * @throws {PermissionDeniedError} When the host may not read a variable that the manifest names.
 * @throws {ManifestError} When one would configure the runtime of a Deno plugin, and the policy does not name it.
 */
export function workerVariables(spec: PluginSpec, policy: PermissionPolicy): WorkerVariables {
  const own = { ...tracingVariables(spec), ...readableVariables(defaultNames()) };
  if (spec.runtime.kind === "deno") {
    const { process, plugin } = denoVariables(spec, spec.runtime, policy);
    return { process: { ...own, ...process }, plugin, own };
  }
  return { process: withInterpreterFirst({ ...own, ...inheritedVariables(spec), ...spec.env }, spec), plugin: {}, own };
}

/**
 * The variables of a Python plugin's worker on another machine, which has its own for the rest: what the manifest adds, and what tracing needs when it is on.
 *
 * @throws {PermissionDeniedError} When the host may not read a variable that the manifest names.
 */
export function sentVariables(spec: PluginSpec): Variables {
  return { ...tracingVariables(spec), ...inheritedVariables(spec), ...spec.env };
}

/**
 * The variables by which a manifest configures the process of its worker, as far as that can be said before the start: all of a Python plugin's, and those
 * of a Deno plugin's that the policy names.
 *
 * @throws {ManifestError} When one would configure the runtime of a Deno plugin, and the policy does not name it.
 */
export function processVariables(spec: PluginSpec, policy: PermissionPolicy): Variables {
  const { runtime } = spec;
  const foreseen = { ...foreseenVariables(spec), ...spec.env };
  if (runtime.kind === "python") return foreseen;
  checkRuntimeVariables(spec, runtime, policy);
  return Object.fromEntries(Object.entries(foreseen).filter(([name]) => isForProcess(name, runtime, policy)));
}

/** What is inherited. A variable that is named and that this host may not read is taken for one that is set. */
function foreseenVariables({ inheritEnv }: PluginSpec): Variables {
  if (inheritEnv === true || inheritEnv.some(isPattern)) return mayReadWholeEnvironment() ? Deno.env.toObject() : {};
  const unread = inheritEnv.filter((name) => !mayReadEnv(name));
  return { ...Object.fromEntries(unread.map((name) => [name, "unread"])), ...readableVariables(inheritEnv) };
}

/** What a manifest adds. */
function denoVariables(spec: PluginSpec, runtime: DenoRuntime, policy: PermissionPolicy): Omit<WorkerVariables, "own"> {
  checkRuntimeVariables(spec, runtime, policy);
  const entries = Object.entries({ ...inheritedVariables(spec), ...spec.env });
  const named = entries.filter(([name]) => isForProcess(name, runtime, policy));
  const others = entries.filter(([name]) => !configuresRuntime(name));
  return { process: Object.fromEntries(named), plugin: Object.fromEntries(others) };
}

function isForProcess(name: string, runtime: DenoRuntime, policy: PermissionPolicy): boolean {
  return configuresRuntime(name) && namesVariable(policy, runtime.permissions, name);
}

/** What a worker has by default is the host's own choice, so that to inherit it once more changes nothing. */
function checkRuntimeVariables(spec: PluginSpec, runtime: DenoRuntime, policy: PermissionPolicy): void {
  for (const { name, place, isInherited } of spec.runtimeVariables) {
    if (namesVariable(policy, runtime.permissions, name) || (isInherited && defaultNames().includes(name))) continue;
    const asking = policy === "requested"
      ? 'name it in "env" of its "permissions"'
      : `have the host name it: permissions: { env: [${JSON.stringify(name)}] }`;
    const message =
      `Cannot start "${spec.name}": "${place}" of its manifest configures the Deno runtime, which keeps the plugin's bounds. Remove it, or ${asking}`;
    throw new ManifestError(message, { plugin: spec.name, source: spec.source, place });
  }
}

/** Each worker is a service of its own in the trace. Without a name that the host may read it sends nothing: it would not know where to. */
function tracingVariables(spec: PluginSpec): Variables {
  if (registeredTelemetry() === undefined) return {};
  const values = Object.entries(readableVariables(TRACING_NAMES)).filter(([name, value]) => isForWorkers(name, value));
  if (values.length === 0) return {};
  return { OTEL_SERVICE_NAME: spec.name, OTEL_BSP_SCHEDULE_DELAY: String(SPAN_DELAY_MS), ...Object.fromEntries(values) };
}

/** Not that what is printed shall go to the collector instead of to the host. */
function isForWorkers(name: string, value: string): boolean {
  return name === "OTEL_DENO_CONSOLE" ? value !== "replace" : !hasPassword(value);
}

/** How the host's user fetches modules, for a process that may fetch some; as far as the host may read it, and no secrets among it. */
export function networkVariables(): Variables {
  return Object.fromEntries(Object.entries(readableVariables(NETWORK_NAMES)).filter(([, value]) => !hasPassword(value)));
}

function hasPassword(address: string): boolean {
  return /\/\/[^/]*@/.test(address);
}

function readableVariables(names: readonly string[]): Variables {
  const values = names.filter(mayReadEnv).map((name) => [name, Deno.env.get(name)] as const);
  return Object.fromEntries(values.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function inheritedVariables(spec: PluginSpec): Variables {
  const { inheritEnv } = spec;
  if (inheritEnv === true) return wholeEnvironment(spec);
  if (inheritEnv.some(isPattern)) {
    return Object.fromEntries(Object.entries(wholeEnvironment(spec)).filter(([name]) => matches(name, inheritEnv)));
  }
  for (const name of inheritEnv) {
    if (!mayReadEnv(name)) throw mayNotInherit(spec, `"${name}", which the host may not read`, name);
  }
  return readableVariables(inheritEnv);
}

/** Whether an entry stands for many variables, as a policy may have it. Deno tells their names to those alone who may read all. */
export function isPattern(name: string): boolean {
  return name.endsWith("*");
}

function matches(name: string, entries: readonly string[]): boolean {
  return entries.some((entry) => entry === name || (isPattern(entry) && name.startsWith(entry.slice(0, -1))));
}

function defaultNames(): string[] {
  return Deno.build.os === "windows" ? [...DEFAULT_NAMES, ...WINDOWS_NAMES] : DEFAULT_NAMES;
}

/** Tools of the plugin's own environment, such as a conda environment's ffmpeg, come before the host's. */
function withInterpreterFirst(environment: Variables, spec: PluginSpec): Variables {
  const { runtime } = spec;
  const setsPath = Object.keys(spec.env).some((name) => isSameVariable(name, "PATH"));
  if (runtime.kind !== "python" || !isAbsolute(runtime.interpreter) || setsPath) return environment;
  const folder = dirname(runtime.interpreter);
  const folders = environment.PATH?.split(DELIMITER) ?? [];
  return folders.includes(folder) ? environment : { ...environment, PATH: [folder, ...folders].join(DELIMITER) };
}

function wholeEnvironment(spec: PluginSpec): Variables {
  if (mayReadWholeEnvironment()) return Deno.env.toObject();
  throw mayNotInherit(spec, "the whole environment");
}

function mayReadWholeEnvironment(): boolean {
  return isGranted({ name: "env" });
}

function mayNotInherit(spec: PluginSpec, what: string, variable?: string): PermissionDeniedError {
  const flag = variable === undefined ? "--allow-env" : `--allow-env=${variable}`;
  const missing = { name: "env", ...(variable === undefined ? {} : { variable }) } as const;
  return new PermissionDeniedError(`Cannot start "${spec.name}": its manifest inherits ${what}. Add ${flag}`, {
    plugin: spec.name,
    missing: [missing],
    flags: [flag],
  });
}
