import { assert, assertEquals } from "@std/assert";
import type { PluginEvent } from "./events.ts";
import { QueuedStart, QueuedStarts } from "./queued_starts.ts";
import type { Replica } from "./replica.ts";

Deno.test("a start that waits is in the list with its last reason until it begins or is given up, the longest first", () => {
  const queued = new QueuedStarts();
  const [first, second] = [{}, {}];
  queued.note(first, { reason: "no GPU", sinceMs: 10 });
  queued.note(second, { reason: "no memory", sinceMs: 5_000 });
  queued.note(first, { reason: "no node", sinceMs: 20 });
  assertEquals(queued.list.map(({ reason }) => reason), ["no memory", "no node"]);
  assert(queued.list[0]!.sinceMs >= 5_000);
  assertEquals([queued.end(second), queued.end(second)], [true, false]);
  assertEquals(queued.list.map(({ reason }) => reason), ["no node"]);
});

Deno.test("a worker that is started again has to answer from the beginning of its start on, however long it has waited", async () => {
  const events: PluginEvent[] = [];
  const replica = { restartingUntil: Infinity } as Replica;
  const start = new QueuedStart({ queued: new QueuedStarts(), emit: (event) => events.push(event) }, Promise.resolve(replica), 1_000);
  await Promise.resolve();
  start.onQueued({ reason: "no node", sinceMs: 0 });
  assertEquals(replica.restartingUntil, Infinity);
  start.onBegin();
  assert(Math.abs(replica.restartingUntil - performance.now() - 1_000) < 500);
  assertEquals(events, [{ type: "queued", reason: "no node", sinceMs: 0 }, { type: "starting" }]);
});
