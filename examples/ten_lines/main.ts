// The shortest host: it starts the Python plugin beside it, calls it, reads its stream, and ends it.
// flags: --allow-read=$HERE,$TMP --allow-write=$TMP --allow-net=127.0.0.1 --allow-run=$PYTHON --allow-env=PYTHON,TMPDIR,TMP,TEMP
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { assertEquals } from "@std/assert";

if (!Deno.env.has("PYTHON")) Deno.exit(skip("There is no Python 3.8 or later"));
await using plugin = await RemotePluginProxy.start(new URL("character_names.json", import.meta.url));
const names = await plugin.execute({ text: "π ≈ 3" });
console.log(names);
for await (const name of plugin.executeStream({ text: "♞" })) console.log(name);
assertEquals(names, ["greek small letter pi", "space", "almost equal to", "space", "digit three"]);

function skip(reason: string): number {
  console.log(`Skipped: ${reason}`);
  return 77;
}
