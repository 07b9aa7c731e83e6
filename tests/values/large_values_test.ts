import { assert, assertEquals } from "@std/assert";
import type { RemotePluginProxy } from "@remote-plugin/proxy";
import { startFixture } from "../support/fixture_proxy.ts";

const MB = 2 ** 20;

/** What a worker may keep of large values, in MiB: the C library keeps twice as much as it is asked for, for each of two threads. */
const MOST_KEPT = 2 * 16;

async function memoryOf(plugin: RemotePluginProxy): Promise<number> {
  return (await plugin.getStats()).memory_rss_mb;
}

for (const bytes of [MB, 32 * MB]) {
  Deno.test(`a Python worker keeps no more than ${MOST_KEPT} MiB of memory after values of ${bytes / MB} MiB`, async () => {
    await using plugin = await startFixture({ worker: "python", transport: "unix" }, "gives_back");
    await plugin.execute({ value: "x" });
    const before = await memoryOf(plugin);
    const value = "x".repeat(bytes);
    for (let count = 0; count < 8; count++) assertEquals((await plugin.execute<string>({ value })).length, bytes);
    await plugin.execute({ value: "x" });
    const kept = await memoryOf(plugin) - before;
    assert(kept < MOST_KEPT, `it keeps ${kept} MiB`);
  });
}
