import { assert, assertEquals, assertLess } from "@std/assert";
import type { LogRecord, RemotePluginProxy } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { BOTH, startFixture } from "./fixture_proxy.ts";

/** The sizes of the issue take some minutes: `REMOTE_PLUGIN_TEST_LARGE=1` asks for them. */
const LARGE = Deno.env.get("REMOTE_PLUGIN_TEST_LARGE") === "1";
const FLOOD = LARGE ? { megabytes: 1024, line_megabytes: 100 } : { megabytes: 192, line_megabytes: 64 };
const PATIENCE_MS = LARGE ? 900_000 : 120_000;

/** V8 takes some memory ahead, whatever the size of the flood. Kept, the smaller flood would take its 256 MiB at least. */
const MAX_GROWTH = 160 * 2 ** 20;

/** The record of the one line that matches. */
async function recordOf(plugin: RemotePluginProxy, pattern: RegExp, call: () => Promise<unknown>): Promise<LogRecord> {
  const found = Promise.withResolvers<LogRecord>();
  const reading = (async () => {
    for await (const record of plugin.logs) {
      if (!pattern.test(record.text)) continue;
      found.resolve(record);
      break;
    }
  })();
  await call();
  const record = await within(found.promise, `a record of ${pattern}`);
  await reading;
  return record;
}

for (const face of BOTH) {
  const label = face.worker;

  Deno.test(`${label}: a JSON line tells its level and its call`, async () => {
    await using plugin = await startFixture(face, "talks");
    const line = JSON.stringify({ level: "warn", msg: "hot", call_id: "x9" });
    const { time, ...record } = await recordOf(plugin, /hot/, () => plugin.execute({ line }));
    assertEquals(record, { stream: "stderr", text: line, level: "warning", callId: "x9" });
    assert(Math.abs(Date.now() - time.getTime()) < 60_000);
  });

  Deno.test(`${label}: a line that tells nothing belongs to the call that ran alone`, async () => {
    await using plugin = await startFixture(face, "talks");
    const { time: _, ...record } = await recordOf(plugin, /plain/, () => plugin.execute({ line: "a plain line" }, { callId: "mine" }));
    assertEquals(record.text, "a plain line");
    assert(record.callId === "mine" || record.callId === undefined, record.callId);
  });

  // W5, W6: output is drained as it comes, into memory of a bounded size.
  Deno.test(`${label}: a flood of lines, a huge line and bytes that are no UTF-8 neither block the worker nor grow the host`, async () => {
    await using plugin = await startFixture(face, "talks");
    // A listener that has taken one record and then looks away.
    const listener = plugin.logs[Symbol.asyncIterator]();
    const first = listener.next();
    // What the host needs for any flood at all is there before it is measured.
    await plugin.execute({ megabytes: 64, line_megabytes: 16, odd: true });
    const before = Deno.memoryUsage().rss;
    let peak = 0;
    const meter = setInterval(() => peak = Math.max(peak, Deno.memoryUsage().rss), 10);
    const start = performance.now();
    assertEquals(await within(plugin.execute({ ...FLOOD, odd: true }), "the flood", PATIENCE_MS), "done");
    const seconds = (performance.now() - start) / 1000;
    clearInterval(meter);
    await first;
    await listener.return?.();
    const grown = Math.max(peak, Deno.memoryUsage().rss) - before;
    console.log(
      `${FLOOD.megabytes + FLOOD.line_megabytes} MiB in ${seconds.toFixed(1)} s, the host grew by ${(grown / 2 ** 20).toFixed(0)} MiB`,
    );
    assertLess(grown, MAX_GROWTH);
  });
}

Deno.test("python: a record of logging tells its level and its call, and its text is what was printed before", async () => {
  await using plugin = await startFixture({ worker: "python", transport: "unix" }, "talks");
  const call = () => plugin.execute({ record: "error" }, { callId: "mine" });
  const { time: _, ...record } = await recordOf(plugin, /a record of/, call);
  assertEquals(record, { stream: "stderr", text: "a record of error", level: "error", callId: "mine" });
});
