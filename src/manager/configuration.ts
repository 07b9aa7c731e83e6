/**
 * A plugin's configuration: checked before it is sent, and kept for every worker to come.
 *
 * @module
 */
import { join } from "@std/path";
import { messageOf } from "../protocol/text.ts";
import { CallError, ManifestError, PluginStateError, ProtocolError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { TakenBody } from "../plugin/arguments.ts";
import type { PluginConfig } from "../plugin/interface.ts";
import { checkWithin, MAX_CHECK_MS } from "./bounded_check.ts";

/** Whose configuration it is, and where it is kept. */
export interface ConfigurationPlace {
  readonly spec: PluginSpec;
  /** `undefined` when it is kept in memory only. */
  readonly folder: string | undefined;
}

/** How a configuration is kept. */
export interface KeepOptions {
  /** Whether that is for managers to come too, where there is a folder for it. */
  readonly onDisk: boolean;
}

/** The configuration of one plugin. */
export class Configuration {
  readonly #plugin: string;
  readonly #folder: string | undefined;
  readonly #file: string;
  #value: PluginConfig | undefined;
  #candidate: PluginConfig | undefined;
  #isRead = false;
  #checked: string | undefined;

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
  async tryOut(config: PluginConfig, send: () => Promise<void>, { onDisk }: KeepOptions): Promise<void> {
    this.#candidate = config;
    try {
      await send();
    } finally {
      this.#candidate = undefined;
    }
    this.#value = config;
    this.#isRead = true;
    if (onDisk && this.#folder !== undefined) await this.#writeFile(this.#folder, config);
  }

  /**
   * Checks a configuration by the plugin's schema. What was found right before, for another worker, is not checked again.
   *
   * @throws {CallError} When it does not conform; every place that is wrong is named.
   * @throws {ProtocolError} When the schema itself cannot be used, or takes too long.
   */
  async check(config: PluginConfig, schema: Record<string, unknown>): Promise<void> {
    const checked = JSON.stringify([schema, toJson(config)]);
    if (checked === this.#checked) return;
    await checkConfig(this.#plugin, schema, config);
    this.#checked = checked;
  }

  async #readFile(): Promise<PluginConfig | undefined> {
    try {
      return JSON.parse(await Deno.readTextFile(this.#file));
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) return undefined;
      const reason = messageOf(cause);
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
      const reason = messageOf(cause);
      const message =
        `Cannot keep the configuration of "${this.#plugin}" in "${this.#file}": ${reason}. The plugin has it, until its manager ends`;
      throw new PluginStateError(message, { plugin: this.#plugin, cause });
    }
  }
}

async function checkConfig(plugin: string, schema: Record<string, unknown>, config: PluginConfig): Promise<void> {
  const json = toJson(config);
  if (json === undefined) return;
  const finding = await checkWithin(schema, json);
  const what = `Cannot configure "${plugin}"`;
  if (finding?.problems.length === 0 && finding.invalid === undefined) return;
  if (finding === undefined || finding.invalid !== undefined) {
    const why = finding === undefined ? `takes more than ${MAX_CHECK_MS} ms to check` : `is invalid: ${finding.invalid}`;
    throw new ProtocolError(`${what}: its JSON Schema ${why}. Correct the plugin's "get_config_schema"`, { plugin });
  }
  throw new CallError("invalid_arguments", `${what}: ${finding.problems.join("; ")}. Nothing was sent`, { plugin });
}

/** What is no JSON is refused, with its place, when it is to be sent. */
function toJson(config: PluginConfig): string | undefined {
  try {
    return JSON.stringify(config);
  } catch {
    return undefined;
  }
}

/** A configuration that nobody else changes. */
export function ownCopy(config: PluginConfig, { plugin, member }: { plugin: string; member: string }): PluginConfig {
  return TakenBody.of({ endpoint: "initialize", member, body: config }, plugin).values()!;
}
