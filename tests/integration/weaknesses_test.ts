import { assert, assertEquals, assertRejects } from "@std/assert";
import { CallCancelledError, RemoteError } from "@remote-plugin/proxy";
import { BOTH, isRunning, ScratchWatch, startFixture } from "./fixture_proxy.ts";

// Weaknesses of the original that no other test here is about; docs/from_python.md lists all of them with their tests.
for (const face of BOTH) {
  const label = face.worker;

  // W8: a plugin whose initialize() fails is let go of like any other.
  Deno.test(`${label}: a host that gives up after a failed initialize() leaves no worker`, async () => {
    await using scratch = await ScratchWatch.create();
    const pids: number[] = [];
    await assertRejects(async () => {
      await using plugin = await startFixture(face, "configured", { scratchDir: scratch.path });
      pids.push(plugin.pid!);
      await plugin.initialize({ model: "none" });
    }, RemoteError);
    assertEquals([await isRunning(pids[0]!), scratch.names()], [false, []]);
  });

  // W27: a large argument is read beside what else there is to answer.
  Deno.test(`${label}: it is alive while it takes and gives thirty megabytes`, async () => {
    await using plugin = await startFixture(face, "gives_back");
    const value = "x".repeat(30_000_000);
    const call = plugin.execute({ value });
    assertEquals(await plugin.isAlive(), true);
    assertEquals(await call === value, true);
  });

  // W29: however many streams are open, a worker answers and can be told to stop.
  Deno.test(`${label}: it is alive and can be cancelled while forty-five streams are open`, async () => {
    await using plugin = await startFixture(face, "holds", { manifest: { max_concurrency: 45 } });
    const streams = Array.from({ length: 45 }, (_, index) => plugin.executeStream({ hold: String(index) }));
    await Promise.all(streams.map((stream) => stream.next()));
    const ends = streams.map((stream) => assertRejects(() => stream.next(), CallCancelledError));
    assertEquals([await plugin.isAlive(), await plugin.cancel()], [true, true]);
    await Promise.all(ends);
  });

  // W34: a start and an end leave the host free to do something else.
  Deno.test(`${label}: the host goes on while a worker starts and ends`, async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const plugin = await startFixture(face, "loads_slowly");
    const atStart = turns;
    await plugin.cleanup();
    clearInterval(timer);
    assert(atStart >= 3, `the host had ${atStart} turns`);
  });
}
