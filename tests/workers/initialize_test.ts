import { assertEquals, assertRejects } from "@std/assert";
import { CallCancelledError, RemoteError } from "@remote-plugin/proxy";
import { BOTH, ELSEWHERE, isRunning, labelOf, ScratchWatch, startFixture, workerPid } from "../support/fixture_proxy.ts";
import { eventually } from "../support/guard.ts";

for (const face of [...BOTH, ...ELSEWHERE]) {
  const label = labelOf(face);

  // W2: a plugin that takes its time to initialize is neither dead nor ended for it.
  Deno.test(`${label}: a worker answers while its plugin initializes`, async () => {
    const plugin = await startFixture(face, "spins");
    const outcome = assertRejects(() => plugin.initialize({ spin: true }), CallCancelledError);
    await eventually(async () => (await plugin.getStats()).calls.running === 1, "the call to begin");
    assertEquals(await plugin.isAlive(), true);
    await plugin.cleanup();
    await outcome;
  });

  // W8: a plugin whose initialize() fails is let go of like any other.
  Deno.test(`${label}: a host that gives up after a failed initialize() leaves no worker`, async () => {
    await using scratch = await ScratchWatch.create();
    const pids: number[] = [];
    await assertRejects(async () => {
      await using plugin = await startFixture(face, "configured", { scratchDir: scratch.path });
      pids.push(await workerPid(plugin));
      await plugin.initialize({ model: "none" });
    }, RemoteError);
    assertEquals([await isRunning(pids[0]!), scratch.names()], [false, []]);
  });
}
