import { assert, assertEquals, assertLess } from "@std/assert";
import type { LogRecord, RemotePluginProxy } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import type { Reading } from "../support/meter.ts";
import { runMeasuredHost } from "../support/run_host.ts";
import { BOTH, fixtureManifest, startFixture } from "../support/fixture_proxy.ts";

/** More than a GB in lines, and 100 MB in one. */
const FLOOD = { megabytes: 1024, line_megabytes: 100 };
const MAX_GROWTH_MIB = 64;

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
}

// W5, W6: output is drained as it comes, into memory of a bounded size.
Deno.test("a GB of lines, a line of 100 MB and bytes that are no UTF-8 neither block a worker nor grow its host", async () => {
  await Promise.all(BOTH.map(async (face) => {
    const measured = runMeasuredHost<Reading & { done: unknown }>("hears_flood", [await fixtureManifest(face, "talks"), FLOOD]);
    const { done, grown, seconds } = await within(measured, `the flood of ${face.worker}`, 600_000);
    console.log(
      `${face.worker}: ${FLOOD.megabytes + FLOOD.line_megabytes} MiB in ${seconds.toFixed(1)} s, the host grew by ${grown.toFixed(0)} MiB`,
    );
    assertEquals(done, "done");
    assertLess(grown, MAX_GROWTH_MIB);
  }));
});

Deno.test("python: a record of logging tells its level and its call, and its text is what was printed before", async () => {
  await using plugin = await startFixture({ worker: "python", transport: "unix" }, "talks");
  const call = () => plugin.execute({ record: "error" }, { callId: "mine" });
  const { time: _, ...record } = await recordOf(plugin, /a record of/, call);
  assertEquals(record, { stream: "stderr", text: "a record of error", level: "error", callId: "mine" });
});
