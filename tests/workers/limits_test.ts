import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { PluginError, RemoteError } from "@remote-plugin/proxy";
import { BoundWorker, isRoot, STRANGER } from "../support/bound_worker.ts";

const MIB = 1024 * 1024;

async function start(limits: Readonly<Record<string, number>>, as?: number): Promise<BoundWorker> {
  return await BoundWorker.start("takes_much", { start: { limits }, as });
}

async function take(worker: BoundWorker, way: string, most: number): Promise<unknown> {
  return await worker.plugin.execute({ way, most });
}

/** Runs a test as this user, and as another one where that is possible. */
function test(name: string, body: (as?: number) => Promise<void>): void {
  const ignore = Deno.build.os !== "linux";
  Deno.test({ name: `python: ${name}`, ignore, fn: () => body() });
  Deno.test({
    name: `python: ${name}, as another user`,
    ignore,
    fn: async () => await isRoot() ? await body(STRANGER) : console.log("skipped: only root can become another user"),
  });
}

test("a worker that is held to some memory gets no more, which is an error of a call", async (as) => {
  await using worker = await start({ memory: 100 * MIB }, as);
  assertEquals(await take(worker, "memory", 90 * MIB), 90 * MIB);
  const error = await assertRejects(() => take(worker, "memory", 300 * MIB), RemoteError);
  assertEquals([error.remoteType, error.category], ["MemoryError", "resource"]);
  assertEquals(await take(worker, "memory", 90 * MIB), 90 * MIB);
});

Deno.test("python: where there are control groups, memory that no process is charged for counts too", async () => {
  await using worker = await start({ memory: 100 * MIB });
  const outcome = await take(worker, "shared_memory", 300 * MIB).catch((error: unknown) => error);
  if (outcome === 300 * MIB) return console.log("skipped: no control group can be made here");
  assert(outcome instanceof PluginError);
  await worker.process.ended();
  assertStringIncludes(worker.process.log, '"out_of_memory":true');
});

test("a worker that is held to some processes and threads gets no more", async (as) => {
  await using worker = await start({ processes: 20 }, as);
  if ("error" in worker.hello) {
    assertStringIncludes(worker.hello.error.message, "no control group can be made");
    return;
  }
  for (const way of ["processes", "threads", "processes"]) {
    const got = await take(worker, way, 100) as number;
    // Without a control group the system counts all of this user's, and others of them may come and go.
    assert(got > 0 && got < 100, `${way}: ${got}`);
  }
});
