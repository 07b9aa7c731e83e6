/**
 * Copies of what is published, which take their packages from npm.
 *
 * They are needed because Deno reads the imports of a file with the `deno.json` above that file, whoever imports it, and because `deno publish` heeds no
 * other import map.
 *
 * @module
 */
import { copy } from "@std/fs";
import { packagesOf, pathOf, readJson, type Registry } from "./registry.ts";

/** Copies what is published to an empty folder, with a `deno.json` that takes its packages from a registry. */
export async function copyPackage(folder: string, registry: Registry): Promise<void> {
  const { workspace: _, ...config } = readJson("deno.json");
  const { include } = config.publish as { include: string[] };
  for (const path of include) await copy(pathOf(path), `${folder}/${path}`);
  if (registry === "npm") await copy(pathOf("tools/npm"), `${folder}/npm`);
  const publish = { ...config.publish as object, include: [...include, "npm/"] };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ ...config, imports: packagesOf(registry), lint: {}, publish }, null, 2));
}
