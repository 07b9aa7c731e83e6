import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { ProtocolError, RemotePluginProxy } from "@remote-plugin/proxy";
import { inMemoryWorker } from "@remote-plugin/proxy/testing";
import { within } from "../support/guard.ts";
import type { Reading } from "../support/meter.ts";
import { runMeasuredHost } from "../support/run_host.ts";
import { BOTH, ELSEWHERE, fixtureManifest, labelOf, startFixture } from "../support/fixture_proxy.ts";

const CHUNKS = 1_000_000;
const MAX_GROWTH_MIB = 64;

for (const face of BOTH) {
  Deno.test(`${face.worker}: a million chunks to a slow reader arrive in order, and grow neither side by 64 MiB`, async () => {
    const args = [await fixtureManifest(face, "talks"), CHUNKS];
    const measured = runMeasuredHost<Reading & { chunks: number; worker: number }>("reads_slowly", args);
    const { chunks, worker, grown, seconds } = await within(measured, "the last chunk", 600_000);
    console.log(`${chunks} chunks in ${seconds.toFixed(1)} s; host +${grown.toFixed(0)} MiB, worker +${worker.toFixed(0)} MiB`);
    assertEquals(chunks, CHUNKS);
    for (const side of [grown, worker]) assertLess(side, MAX_GROWTH_MIB);
  });
}

for (const face of [...BOTH, ...ELSEWHERE]) {
  Deno.test(`${labelOf(face)}: a reader that stops slows the plugin down to a stop`, async () => {
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
