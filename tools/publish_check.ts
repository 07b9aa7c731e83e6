/**
 * `deno task publish:check`: what `deno publish --dry-run` checks, also where JSR cannot be reached. It works on a copy of what would be published,
 * whose `deno.json` takes its packages from npm, for `deno publish` heeds no other import map.
 *
 * @module
 */
import { npmPackages, readJson, ROOT } from "./_lane.ts";
import { passThrough } from "./_run.ts";

async function copy(from: URL, to: URL): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    if (name !== "__pycache__") await copy(new URL(`${from}/${name}`), new URL(`${to}/${name}`));
  }
}

async function main(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "rpp-" });
  const target = new URL(`file://${folder.startsWith("/") ? "" : "/"}${folder.replaceAll("\\", "/")}/`);
  try {
    const config = readJson("deno.json");
    const paths = (config.publish as { include: string[] }).include.map((path) => path.replace(/\/$/, ""));
    for (const path of paths) await copy(new URL(path, ROOT), new URL(path, target));
    const own = { ...config, imports: npmPackages(), lint: {} };
    await Deno.writeTextFile(new URL("deno.json", target), JSON.stringify(own, null, 2));
    return await passThrough([Deno.execPath(), "publish", "--dry-run", "--allow-dirty"], { cwd: folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
