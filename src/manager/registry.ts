/**
 * The plugins of a manager by name and version.
 *
 * @module
 */
import { ManifestError, PluginError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { nameHint } from "../manifest/nearest_name.ts";
import type { Entry } from "./entry.ts";
import { compareVersions } from "./versions.ts";

/** Finds entries; two of one name differ in their versions. */
export class Registry {
  readonly #entries = new Map<string, Map<string, Entry>>();

  /** All entries, by name, the highest version of each first. */
  get all(): Entry[] {
    const names = [...this.#entries.keys()].sort();
    return names.flatMap((name) => highestFirst(this.#entries.get(name)!));
  }

  /** The entry of exactly this name and version, if there is one. */
  exact({ name, version }: Pick<PluginSpec, "name" | "version">): Entry | undefined {
    return this.#entries.get(name)?.get(version);
  }

  /**
   * Takes an entry up.
   *
   * @throws {ManifestError} When another one has its name and version.
   */
  add(entry: Entry): void {
    const { name, version, source } = entry.spec;
    const versions = this.#entries.get(name) ?? new Map<string, Entry>();
    const other = versions.get(version);
    if (other !== undefined) {
      const first = other.spec.source === undefined ? "" : `, by "${other.spec.source}"`;
      const message = `Cannot use the manifest "${
        source ?? name
      }": "${name}" ${version} is known already${first}. Give it another name or version`;
      throw new ManifestError(message, { plugin: name, source, place: "$.name" });
    }
    versions.set(version, entry);
    this.#entries.set(name, versions);
  }

  /** Forgets an entry. */
  remove({ spec: { name, version } }: Entry): void {
    const versions = this.#entries.get(name);
    versions?.delete(version);
    if (versions?.size === 0) this.#entries.delete(name);
  }

  /**
   * The entry of a reference: a name, for which the highest version stands, or a name with a version, as in `whisper@1.2.0`.
   *
   * @throws {PluginError} When there is none; the nearest name is given.
   */
  find(reference: string): Entry {
    const at = reference.lastIndexOf("@");
    const versions = this.#entries.get(reference) ?? (at > 0 ? this.#entries.get(reference.slice(0, at)) : undefined);
    const known = versions === undefined ? [] : highestFirst(versions);
    const entry = this.#entries.has(reference) ? known[0] : versions?.get(reference.slice(at + 1));
    if (entry !== undefined) return entry;
    throw new PluginError("unknown_plugin", `There is no plugin "${reference}". ${this.#hint(reference, known)}`, { plugin: reference });
  }

  #hint(reference: string, versions: readonly Entry[]): string {
    if (versions.length > 0) return `Known versions are ${versions.map(({ spec }) => `"${spec.version}"`).join(", ")}`;
    const names = [...this.#entries.keys()];
    return names.length === 0 ? "No manifest was found" : nameHint(reference, names);
  }
}

function highestFirst(versions: ReadonlyMap<string, Entry>): Entry[] {
  return [...versions.values()].sort((a, b) => compareVersions(b.spec.version, a.spec.version));
}
