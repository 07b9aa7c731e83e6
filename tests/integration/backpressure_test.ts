import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { ProtocolError, RemotePluginProxy } from "@remote-plugin/proxy";
import { inMemoryWorker } from "@remote-plugin/proxy/testing";
import { within } from "../support/guard.ts";
import { BOTH, startFixture } from "./fixture_proxy.ts";

/** A million takes a minute or two: `REMOTE_PLUGIN_TEST_LARGE=1` asks for it. */
const CHUNKS = Deno.env.get("REMOTE_PLUGIN_TEST_LARGE") === "1" ? 1_000_000 : 60_000;
const MAX_GROWTH_MIB = 64;

for (const face of BOTH) {
  Deno.test(`${face.worker}: chunks to a slow reader arrive in order, a million if asked for, and grow neither side by 64 MiB`, async () => {
    await using plugin = await startFixture(face, "talks");
    // What both sides need for any stream at all is there before they are measured.
    for await (const _ of plugin.executeStream({ count: 20_000 }));
    const host = Deno.memoryUsage().rss;
    const worker = (await plugin.getStats()).memory_rss_mb;
    let [hostPeak, workerPeak, next] = [0, 0, 0];
    const start = performance.now();
    for await (const chunk of plugin.executeStream<number>({ count: CHUNKS })) {
      if (chunk !== next++) throw new Error(`${chunk} came in the place of ${next - 1}`);
      if (next % 20_000 > 0) continue;
      await new Promise((resolve) => setTimeout(resolve, 5));
      hostPeak = Math.max(hostPeak, Deno.memoryUsage().rss);
      workerPeak = Math.max(workerPeak, (await plugin.getStats()).memory_rss_mb);
    }
    const grown = [(hostPeak - host) / 2 ** 20, workerPeak - worker];
    const seconds = (performance.now() - start) / 1000;
    console.log(`${next} chunks in ${seconds.toFixed(1)} s; host +${grown[0]!.toFixed(0)} MiB, worker +${grown[1]!.toFixed(0)} MiB`);
    assertEquals(next, CHUNKS);
    for (const side of grown) assertLess(side, MAX_GROWTH_MIB);
  });

  Deno.test(`${face.worker}: a reader that stops slows the plugin down to a stop`, async () => {
    await using plugin = await startFixture(face, "floods");
    const stream = plugin.executeStream();
    await stream.next();
    const made = async () => Number((await plugin.getCurrentConfig()).made);
    // The plugin is at rest when it makes nothing more between two looks.
    for (let before = -1, now = await made(); before !== now; before = now, now = await made()) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertLess(await made(), 200);
    await within(stream.return(), "the end of the stream");
  });
}

Deno.test("a stream that is cut short is an error, never a short result", async () => {
  const { exchange } = inMemoryWorker({
    *executeStream() {
      yield* [1, 2, 3];
    },
  });
  await using plugin = await RemotePluginProxy.attach({
    async *exchange(request, signal) {
      for await (const frame of exchange(request, signal)) {
        if (request.endpoint === "execute_stream" && "result" in frame) return;
        yield frame;
      }
    },
  });
  const seen: unknown[] = [];
  await assertRejects(
    async () => {
      for await (const chunk of plugin.executeStream()) seen.push(chunk);
    },
    ProtocolError,
    "ended before its last frame",
  );
  assertEquals(seen, [1, 2, 3]);
});
