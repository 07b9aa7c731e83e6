import { assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { CallError, RemoteError } from "@remote-plugin/proxy";
import { ENVIRONMENTS, FIRST_RELEASE, startIn } from "./environments.ts";

Deno.test("the first release of cjm-plugin-system that has a worker is run as the last one is", async () => {
  const plugin_path = [FIRST_RELEASE, fromFileUrl(new URL("plugins", import.meta.url))];
  await using plugin = await startIn(ENVIRONMENTS[0]!, { worker: ENVIRONMENTS[0]!.worker, module: "plain", class: "Plain", plugin_path });
  assertEquals([plugin.name, plugin.version, plugin.endpoint!.url.startsWith("http://127.0.0.1:")], ["plain", "0.1", true]);
  await plugin.initialize({ prefix: "> " });
  assertEquals(await plugin.execute({ text: "ü" }), "> ü");
  assertEquals(await Array.fromAsync(plugin.executeStream({ text: "a b" })), ["> a", "> b"]);
  const error = await assertRejects(() => plugin.execute({ text: "" }), RemoteError);
  assertEquals(error.remoteMessage, "there is nothing to say");
  await assertRejects(() => plugin.getProgress(), CallError, '-m pip install --upgrade "cjm-plugin-system>=0.0.46"');
});
