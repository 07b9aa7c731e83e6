/**
 * The shape of a manifest, checked by valibot, its complaints put into this package's words.
 *
 * @module
 */
import * as v from "valibot";
import { isRecord } from "../protocol/json.ts";
import { ManifestError } from "../errors.ts";
import type { Manifest } from "./manifest.ts";
import { nearestName } from "./nearest_name.ts";
import { VARIABLE_NAME } from "./variables.ts";

const MODULE_NAME = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;
const WITHOUT_NUL = /^[^\0]*$/;
/** Deno splits a list at its commas and knows no escape for them. */
const PERMISSION_ENTRY = /^[^,\0]+$/;
/** Deno has no patterns for programs. */
const PROGRAM = /^[^,*\0]+$/;

/** What a value that does not fit a pattern should have been. */
const WANTED_BY_PATTERN: Readonly<Record<string, string>> = {
  [MODULE_NAME.source]: '"builtin" or the name of a Python module',
  [VARIABLE_NAME.source]: 'the name of a variable, which is not empty and has no "=" and no NUL in it',
  [WITHOUT_NUL.source]: "a string without NUL",
  [PERMISSION_ENTRY.source]: "a string that is not empty and has no comma and no NUL in it",
  [PROGRAM.source]: 'one program by its name or path, without "*", comma and NUL',
};

const name = v.pipe(v.string(), v.nonEmpty());
const variableName = v.pipe(v.string(), v.regex(VARIABLE_NAME));
const variableValue = v.pipe(v.string(), v.regex(WITHOUT_NUL));
const granted = v.union([v.literal(true), v.array(v.pipe(v.string(), v.regex(PERMISSION_ENTRY)))]);
const programs = v.union([v.literal(true), v.array(v.pipe(v.string(), v.regex(PROGRAM)))]);
const amount = v.pipe(v.number(), v.minValue(0));
const atLeastOne = v.pipe(v.number(), v.integer(), v.minValue(1));

const permissions = v.strictObject({
  read: v.optional(granted),
  write: v.optional(granted),
  net: v.optional(granted),
  env: v.optional(granted),
  run: v.optional(programs),
  ffi: v.optional(granted),
  sys: v.optional(granted),
  import: v.optional(granted),
});

const argument = v.pipe(v.string(), v.nonEmpty(), v.regex(WITHOUT_NUL));
const inlineEnvironment = v.strictObject({
  python: v.optional(argument),
  dependencies: v.optional(v.array(argument)),
  index: v.optional(argument),
  extra_args: v.optional(v.array(argument)),
});
/** Not a union, which does not tell what is wrong inside an object. */
const environment = v.lazy((value) => isRecord(value) ? inlineEnvironment : name);

const workerVariable = v.looseObject({
  name: variableName,
  secret: v.optional(v.boolean()),
  required: v.optional(v.boolean()),
  default: v.optional(v.nullable(variableValue)),
});
const restartMode = v.picklist(["never", "on_failure", "always"]);
const restartSettings = v.strictObject({
  mode: v.optional(restartMode),
  initial_delay_ms: v.optional(atLeastOne),
  max_delay_ms: v.optional(atLeastOne),
  max_crashes: v.optional(atLeastOne),
  window_ms: v.optional(atLeastOne),
});
const restart = v.lazy((value) => isRecord(value) ? restartSettings : restartMode);

const resources = v.looseObject({
  min_system_ram_mb: v.optional(amount),
  min_gpu_vram_mb: v.optional(amount),
  max_memory_mb: v.optional(atLeastOne),
  max_processes: v.optional(atLeastOne),
});

const batch = v.strictObject({
  max_size: v.optional(atLeastOne),
  max_wait_ms: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
});

const entries = {
  name: v.optional(name),
  version: v.optional(v.string()),
  runtime: v.optional(v.picklist(["python", "deno"])),
  worker: v.optional(v.pipe(v.string(), v.regex(MODULE_NAME))),
  python_path: v.optional(name),
  environment: v.optional(environment),
  module: name,
  class: v.optional(name),
  function: v.optional(name),
  plugin_path: v.optional(v.union([v.string(), v.array(v.string())])),
  cwd: v.optional(v.pipe(v.string(), v.nonEmpty(), v.regex(WITHOUT_NUL))),
  adapters: v.optional(v.array(v.string())),
  worker_env: v.optional(v.array(workerVariable)),
  env_vars: v.optional(v.record(variableName, variableValue)),
  inherit_env: v.optional(v.union([v.literal(true), v.array(variableName)])),
  permissions: v.optional(permissions),
  sandbox: v.optional(v.picklist(["landlock", "bubblewrap"])),
  transport: v.optional(v.picklist(["unix", "tcp"])),
  max_concurrency: v.optional(atLeastOne),
  batch: v.optional(batch),
  start_timeout_ms: v.optional(atLeastOne),
  idle_timeout_ms: v.optional(atLeastOne),
  restart: v.optional(restart),
  resources: v.optional(v.nullable(resources)),
};
const schema = v.looseObject(entries);

/** What knows no other keys than its own, besides `permissions`. */
const STRICT: Readonly<Record<string, { readonly entries: object }>> = { environment: inlineEnvironment, batch, restart: restartSettings };

/** What stands in the place of an object, or that object. */
const WANTED_IN_PLACE: Readonly<Record<string, string>> = {
  environment: "a path that is not empty, or an object",
  restart: '"never", "on_failure", "always", or an object',
};

/** Keys that the tools of `cjm-plugin-system` write and that mean nothing here. */
const ORIGINAL_KEYS = new Set([
  "format_version",
  "conda_env",
  "db_path",
  "installed_at",
  "installer_version",
  "package_source",
  "description",
  "interface",
  "taxonomy",
  "config_schema",
  "regenerated_at",
  "structural_surface",
  "observability_class",
  "mode",
  "resolved",
  "refreshed_at",
  "type",
  "dependencies",
  "author",
  "category",
]);

/** A checked manifest and what looks wrong in it. */
export interface CheckedManifest {
  /** What was checked, as it stands in its file. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly manifest: Manifest;
  readonly warnings: readonly string[];
}

/**
 * Checks the shape of a manifest.
 *
 * @throws {ManifestError} When a value has the wrong type: names its JSON path, what is there and what is wanted.
 */
export function checkManifest(raw: unknown, source: string | undefined): CheckedManifest {
  const flat = flatten(raw);
  const plugin = source ?? "(manifest object)";
  if (typeof flat !== "object" || flat === null || Array.isArray(flat)) {
    const found = Array.isArray(flat) ? "an array" : flat === null ? "null" : `a ${typeof flat}`;
    throw new ManifestError(`Cannot use the manifest "${plugin}": it is ${found}, an object is wanted`, { plugin, source, place: "$" });
  }
  checkFormat(raw, { plugin: nameOf(flat) ?? plugin, source });
  const outcome = v.safeParse(schema, flat);
  if (outcome.success) {
    return { raw: raw as Record<string, unknown>, manifest: outcome.output as Manifest, warnings: unknownKeys(flat, plugin) };
  }
  throw complaint(outcome.issues[0], { plugin: nameOf(flat) ?? plugin, source });
}

/** The later tools of the original nest what its first ones wrote flat. */
function flatten(raw: unknown): unknown {
  if (!isRecord(raw) || !isRecord(raw.install) || !isRecord(raw.code)) return raw;
  const all = { ...raw.install, ...raw.code, ...(isRecord(raw.overrides) ? raw.overrides : {}) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
}

/** A manifest of a task adapter is none of a plugin, and a later format may mean something else by the same keys. */
function checkFormat(raw: unknown, where: { plugin: string; source: string | undefined }): void {
  const { format_version: format, unit } = raw as Record<string, unknown>;
  if (unit === "adapter") throw wrongFormat(where, '"$.unit" is "adapter", and a task adapter is no plugin', "$.unit");
  if (format === undefined || format === "1.0" || format === "2.0") return;
  throw wrongFormat(where, `"$.format_version" is ${JSON.stringify(format)}, known are "1.0" and "2.0"`, "$.format_version");
}

function wrongFormat(where: { plugin: string; source: string | undefined }, what: string, place: string): ManifestError {
  return new ManifestError(`Cannot use the manifest of "${where.plugin}": ${what}`, { ...where, place });
}

function nameOf(raw: object): string | undefined {
  return "name" in raw && typeof raw.name === "string" && raw.name !== "" ? raw.name : undefined;
}

function complaint(issue: v.BaseIssue<unknown>, where: { plugin: string; source: string | undefined }): ManifestError {
  const place = "$" +
    (issue.path ?? []).map((part) => typeof part.key === "number" ? `[${part.key}]` : `.${escaped(String(part.key))}`).join("");
  const source = where.source === undefined ? "" : ` "${where.source}"`;
  return new ManifestError(`Cannot use the manifest${source}: "${place}" is ${found(issue)}, wanted is ${wanted(issue)}`, {
    ...where,
    place,
  });
}

/** A key as it stands in a JSON path, which a terminal may show. */
export function escaped(key: string): string {
  return JSON.stringify(key).slice(1, -1);
}

function found(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === "never") return "an unknown key";
  return issue.input === undefined ? "missing" : JSON.stringify(issue.input) ?? String(issue.input);
}

function wanted(issue: v.BaseIssue<unknown>): string {
  const { expected } = issue;
  if (expected === "never") {
    const { entries } = STRICT[String(issue.path?.[0]?.key)] ?? permissions;
    return `one of ${Object.keys(entries).join(", ")}`;
  }
  const inPlace = issue.path?.length === 1 ? WANTED_IN_PLACE[String(issue.path[0]!.key)] : undefined;
  if (inPlace !== undefined) return inPlace;
  if (issue.type === "integer") return "a whole number";
  if (expected?.startsWith("/^")) return WANTED_BY_PATTERN[expected.slice(1, -1)]!;
  if (expected === "!0") return "a string that is not empty";
  if (expected === "string" || expected === null || issue.input === undefined) return "a string";
  if (expected === ">=0") return "a number that is not negative";
  if (expected.startsWith(">=")) return `a whole number of at least ${expected.slice(2)}`;
  return expected.replaceAll(/[()]/g, "").split(" | ").map((kind) => WANTED_BY_KIND[kind] ?? kind).join(" or ");
}

const WANTED_BY_KIND: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  boolean: "true or false",
  Array: "a list of strings",
  Object: "an object",
};

function unknownKeys(raw: object, plugin: string): string[] {
  return Object.keys(raw).filter((key) => !(key in entries) && !ORIGINAL_KEYS.has(key)).map((key) => {
    const nearest = nearestName(key, Object.keys(entries));
    return `The manifest "${plugin}" has the unknown key "${key}"${nearest === undefined ? "" : `; the nearest known one is "${nearest}"`}`;
  });
}
