import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { hostVariables } from "../../tests/support/host_variables.ts";
import { keptEnvironments, removeAllLeft, removeUnused } from "./kept.ts";
import { stampFile } from "./stamp.ts";

const STAMP = { format: 1, plugin: "p", python: "3.11.7", packageFolder: "lib/python3.11/site-packages", packages: ["six.py"] };

Deno.test({
  name: "an environment of which only the stamp is there is listed as broken, and removed once by all who remove it",
  ignore: Deno.build.os === "windows",
  async fn() {
    const cache = await Deno.makeTempDir();
    using _variables = hostVariables({ XDG_CACHE_HOME: cache });
    const folder = join(cache, "remote-plugin", "environments", "0123");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(stampFile(folder), JSON.stringify(STAMP));
    assertEquals((await keptEnvironments()).map((kept) => [kept.folder, kept.state]), [[folder, "damaged"]]);
    const now = new Date(Date.now() + 1000);
    assertEquals([await removeUnused(folder, now), await removeUnused(folder, now)], [true, false]);
    await removeAllLeft();
    assertEquals(await keptEnvironments(), []);
    await Deno.remove(cache, { recursive: true });
  },
});
