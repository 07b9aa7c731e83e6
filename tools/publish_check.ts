/**
 * `deno task publish:check`: what `deno publish --dry-run` checks, also where JSR cannot be reached. It works on a copy of what would be published,
 * whose `deno.json` takes its packages from npm, for `deno publish` heeds no other import map.
 *
 * @module
 */
import { copyPackage, folderUrl } from "./lane.ts";
import { passThrough } from "./run.ts";

async function main(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "rpp-" });
  try {
    await copyPackage(folderUrl(folder), "npm");
    return await passThrough([Deno.execPath(), "publish", "--dry-run", "--allow-dirty"], { cwd: folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
