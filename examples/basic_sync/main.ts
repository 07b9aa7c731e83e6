// Without await: each line waits until it is done, as in a Python script.
// flags: --allow-read=$REPO,$TMP --allow-write=$TMP --allow-net=127.0.0.1 --allow-run=$PYTHON --allow-env=PYTHON,TMPDIR,TMP,TEMP
import { RemotePluginProxySync } from "@remote-plugin/proxy";
import { assertEquals } from "@std/assert";

if (!Deno.env.has("PYTHON")) (console.log("Skipped: There is no Python 3.8 or later"), Deno.exit(77));

using plugin = RemotePluginProxySync.start(new URL("text_wrapper.json", import.meta.url));
plugin.initialize({ width: 20 });
const lines = plugin.execute({ text: "Nothing is so beautiful as spring" });
console.log(lines);
for (const line of plugin.executeStream({ text: "When weeds, in wheels, shoot long and lovely and lush" })) console.log(line);

assertEquals(lines, ["Nothing is so", "beautiful as spring"]);
