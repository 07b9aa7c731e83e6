/**
 * A plugin's configuration: checked before it is sent, and kept for every worker to come.
 *
 * @module
 */
import { type Schema, Validator } from "@cfworker/json-schema";
import { join } from "@std/path";
import { CallError, ManifestError, PluginStateError, ProtocolError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { PluginConfig } from "../plugin/interface.ts";

/** Whose configuration it is, and where it is kept. */
export interface ConfigurationPlace {
  readonly spec: PluginSpec;
  /** `undefined` when it is kept in memory only. */
  readonly folder: string | undefined;
}

/** The configuration of one plugin. */
export class Configuration {
  readonly #plugin: string;
  readonly #folder: string | undefined;
  readonly #file: string;
  #value: PluginConfig | undefined;
  #candidate: PluginConfig | undefined;
  #isRead = false;

  /** Reads nothing yet. */
  constructor({ spec, folder }: ConfigurationPlace) {
    this.#plugin = spec.name;
    this.#folder = folder;
    this.#file = join(folder ?? "", `${encodeURIComponent(`${spec.name}@${spec.version}`)}.json`);
  }

  /**
   * The configuration, `undefined` when the plugin was never given one.
   *
   * @throws {ManifestError} When the file in which it was kept cannot be used.
   */
  async read(): Promise<PluginConfig | undefined> {
    if (this.#candidate !== undefined) return this.#candidate;
    if (!this.#isRead && this.#folder !== undefined) this.#value = await this.#readFile();
    this.#isRead = true;
    return this.#value;
  }

  /**
   * Keeps another configuration when the plugin takes it; otherwise the one before stays.
   *
   * @throws {PluginStateError} When its file cannot be written; it is known until the manager's end then.
   */
  async tryOut(config: PluginConfig, send: () => Promise<void>): Promise<void> {
    this.#candidate = config;
    try {
      await send();
    } finally {
      this.#candidate = undefined;
    }
    this.#value = config;
    this.#isRead = true;
    if (this.#folder !== undefined) await this.#writeFile(this.#folder, config);
  }

  async #readFile(): Promise<PluginConfig | undefined> {
    try {
      return JSON.parse(await Deno.readTextFile(this.#file));
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return undefined;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `Cannot use the kept configuration of "${this.#plugin}" in "${this.#file}": ${reason}. Correct or remove the file`;
      throw new ManifestError(message, { plugin: this.#plugin, source: this.#file, cause });
    }
  }

  /** By way of a second file, so that a full disk or a crash leaves the old one as it is. A configuration may hold keys: only its owner reads it. */
  async #writeFile(folder: string, value: PluginConfig): Promise<void> {
    const draft = `${this.#file}.${crypto.randomUUID().slice(0, 8)}`;
    try {
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      await Deno.writeTextFile(draft, JSON.stringify(value, null, 2), { mode: 0o600 });
      await Deno.rename(draft, this.#file);
    } catch (cause) {
      await Deno.remove(draft).catch(() => {});
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message =
        `Cannot keep the configuration of "${this.#plugin}" in "${this.#file}": ${reason}. The plugin has it, until its manager ends`;
      throw new PluginStateError(message, { plugin: this.#plugin, cause });
    }
  }
}

/**
 * Checks a configuration by the plugin's JSON Schema. `{}`, which is what a plugin without one gives, allows everything.
 *
 * @throws {CallError} When it does not conform; every place that is wrong is named.
 * @throws {ProtocolError} When the schema itself cannot be used.
 */
export function checkConfig(plugin: string, schema: Record<string, unknown>, config: PluginConfig): void {
  const { errors } = validate(plugin, schema, config);
  // The places above a wrong one are reported as well, and say nothing more.
  const causes = errors.filter(({ keyword }) => !ABOVE.has(keyword));
  const shown = causes.length > 0 ? causes : errors;
  if (shown.length === 0) return;
  const places = shown.map(({ keyword, instanceLocation, error }) =>
    `"${instanceLocation.replace(/^#/, "$").replaceAll("/", ".")}": ${
      keyword === "false" ? "is not allowed here" : error.replace(/\.$/, "")
    }`
  );
  throw new CallError("invalid_arguments", `Cannot configure "${plugin}": ${places.join("; ")}. Nothing was sent`, { plugin });
}

const ABOVE: ReadonlySet<string> = new Set([
  "properties",
  "items",
  "prefixItems",
  "allOf",
  "$ref",
  "additionalProperties",
  "patternProperties",
]);

function validate(
  plugin: string,
  schema: Record<string, unknown>,
  config: PluginConfig,
): { errors: { keyword: string; instanceLocation: string; error: string }[] } {
  try {
    checkSchema(schema, "$");
    return new Validator(schema as Schema, "2020-12", false).validate(config);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new ProtocolError(
      `Cannot configure "${plugin}": its JSON Schema is invalid: ${reason}. Correct the plugin's "get_config_schema"`,
      {
        plugin,
        cause,
      },
    );
  }
}

const TYPES: ReadonlySet<unknown> = new Set(["null", "boolean", "object", "array", "number", "integer", "string"]);

/** The validator takes a misspelt schema for one that allows everything or nothing. */
function checkSchema(schema: unknown, place: string): void {
  if (typeof schema === "boolean") return;
  if (!isObject(schema)) throw new TypeError(`"${place}" is ${JSON.stringify(schema)}, wanted is a schema`);
  const types = schema.type === undefined ? [] : Array.isArray(schema.type) ? schema.type : [schema.type];
  const wrong = types.find((type) => !TYPES.has(type));
  if (wrong !== undefined) throw new TypeError(`"${place}.type" is ${JSON.stringify(wrong)}, which is no type`);
  for (const key of ["properties", "$defs", "definitions", "patternProperties"]) {
    const inner = schema[key];
    if (inner === undefined) continue;
    if (!isObject(inner)) throw new TypeError(`"${place}.${key}" is ${JSON.stringify(inner)}, wanted is an object`);
    for (const [name, one] of Object.entries(inner)) checkSchema(one, `${place}.${key}.${name}`);
  }
  if (schema.required !== undefined && !Array.isArray(schema.required)) throw new TypeError(`"${place}.required" is no list`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
