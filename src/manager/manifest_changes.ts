/**
 * What becomes of a plugin when its manifest changes.
 *
 * @module
 */
import { ManifestError, type PluginError } from "../errors.ts";
import type { ManifestFile } from "../manifest/find.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { messageOf } from "../protocol/text.ts";

/** A manifest that cannot be used. The others are not affected. */
export interface ManifestProblem {
  /** Its path. */
  readonly source: string;
  /** What is wrong. */
  readonly error: PluginError;
}

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

/** Whether it was not told before. */
export function isNews({ source, error }: ManifestProblem, before: readonly ManifestProblem[]): boolean {
  return !before.some((known) => known.source === source && known.error.message === error.message);
}

/** Folders cannot be watched. */
export function watchProblem(folders: readonly string[], cause: unknown): ManifestProblem {
  const source = folders.length > 0 ? folders.join(", ") : "plugins";
  const message = `Cannot watch "${source}" for changes: ${messageOf(cause)}`;
  return { source, error: new ManifestError(message, { plugin: source, source, cause }) };
}
