/**
 * The environment that a worker sees.
 *
 * @module
 */
import { DELIMITER, dirname, isAbsolute } from "@std/path";
import { PermissionDeniedError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { registeredTelemetry, SPAN_DELAY_MS } from "../protocol/telemetry.ts";

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

/** Where a Deno process finds its cache. */
const DENO_NAMES = ["DENO_DIR"];

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

/**
 * The worker's environment: the default names as far as the host may read them, what tracing needs when it is on, what `inherit_env` names, then
 * `env_vars`.
 *
 * @throws {PermissionDeniedError} When the host may not read a variable that the manifest names.
 */
export function workerEnvironment(spec: PluginSpec): Record<string, string> {
  const environment = spec.inheritEnv === true ? wholeEnvironment(spec) : namedEnvironment(spec, spec.inheritEnv);
  return withInterpreterFirst({ ...tracingEnvironment(spec), ...environment, ...spec.env }, spec);
}

/** Each worker is a service of its own in the trace. Without a name that the host may read it sends nothing: it would not know where to. */
function tracingEnvironment(spec: PluginSpec): Record<string, string> {
  if (registeredTelemetry() === undefined) return {};
  const values = TRACING_NAMES.map((name) => [name, readIfAllowed(name)] as const);
  const environment = Object.fromEntries(values.filter((entry): entry is [string, string] => isForWorkers(...entry)));
  if (Object.keys(environment).length === 0) return {};
  return { OTEL_SERVICE_NAME: spec.name, OTEL_BSP_SCHEDULE_DELAY: String(SPAN_DELAY_MS), ...environment };
}

/** Not an address with a password in it, and not that what is printed shall go to the collector instead of to the host. */
function isForWorkers(name: string, value: string | undefined): boolean {
  if (value === undefined) return false;
  return name === "OTEL_DENO_CONSOLE" ? value !== "replace" : !/\/\/[^/]*@/.test(value);
}

function namedEnvironment(spec: PluginSpec, names: readonly string[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of defaultNames(spec)) {
    const value = readIfAllowed(name);
    if (value !== undefined) environment[name] = value;
  }
  for (const name of names) {
    const value = readOrThrow(name, spec);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

function defaultNames(spec: PluginSpec): string[] {
  const names = Deno.build.os === "windows" ? [...DEFAULT_NAMES, ...WINDOWS_NAMES] : DEFAULT_NAMES;
  return spec.runtime.kind === "deno" ? [...names, ...DENO_NAMES] : names;
}

/** Tools of the plugin's own environment, such as a conda environment's ffmpeg, come before the host's. */
function withInterpreterFirst(environment: Record<string, string>, spec: PluginSpec): Record<string, string> {
  const { runtime } = spec;
  if (runtime.kind !== "python" || !isAbsolute(runtime.interpreter) || "PATH" in spec.env) return environment;
  const folder = dirname(runtime.interpreter);
  const folders = environment.PATH?.split(DELIMITER) ?? [];
  return folders.includes(folder) ? environment : { ...environment, PATH: [folder, ...folders].join(DELIMITER) };
}

function readIfAllowed(name: string): string | undefined {
  return mayReadEnv(name) ? Deno.env.get(name) : undefined;
}

function readOrThrow(name: string, spec: PluginSpec): string | undefined {
  if (mayReadEnv(name)) return Deno.env.get(name);
  throw new PermissionDeniedError(
    `Cannot start "${spec.name}": its manifest inherits "${name}", which the host may not read. Add --allow-env=${name}`,
    {
      plugin: spec.name,
      missing: [{ name: "env", variable: name }],
      flags: [`--allow-env=${name}`],
    },
  );
}

function wholeEnvironment(spec: PluginSpec): Record<string, string> {
  if (Deno.permissions.querySync({ name: "env" }).state === "granted") return Deno.env.toObject();
  throw new PermissionDeniedError(`Cannot start "${spec.name}": its manifest inherits the whole environment. Add --allow-env`, {
    plugin: spec.name,
    missing: [{ name: "env" }],
    flags: ["--allow-env"],
  });
}

/** Whether the host may read a variable, without asking anybody. */
export function mayReadEnv(variable: string): boolean {
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}
