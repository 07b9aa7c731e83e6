/**
 * What becomes of a plugin when its manifest changes.
 *
 * @module
 */
import { ManifestError } from "../errors.ts";
import type { ManifestFile } from "../manifest/find.ts";
import type { PluginSpec } from "../manifest/manifest.ts";

/** Whether a plugin's manifest is where it was. One that cannot be used any more is being edited, which is no reason to end what runs. */
export function isStillThere({ source, name, version }: PluginSpec, files: ReadonlyMap<string, ManifestFile>): boolean {
  const file = files.get(source ?? "");
  return file !== undefined && ("error" in file || (file.spec.name === name && file.spec.version === version));
}

/**
 * The manifest that takes another one's place. One under another name is another plugin's.
 *
 * @throws {ManifestError} When it is.
 */
export function sameName({ name, version }: PluginSpec, after: PluginSpec): PluginSpec {
  if (name === after.name && version === after.version) return after;
  const message =
    `Cannot reload "${name}" ${version}: its manifest "${after.source}" is that of "${after.name}" ${after.version} now. Call refresh()`;
  throw new ManifestError(message, { plugin: name, source: after.source, place: "$.name" });
}
