import { assertEquals } from "@std/assert";
import { OutputLog } from "./output_log.ts";

async function* bytes(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === "string" ? new TextEncoder().encode(part) : part;
}

Deno.test("output becomes lines, whatever pieces it comes in", async () => {
  const log = new OutputLog();
  await log.drain("stderr", bytes("one\ntw", "o\r\n", "", "three"));
  assertEquals(log.tail, "one\ntwo\nthree");
});

Deno.test("a listener gets each line with its stream, and ends with the worker", async () => {
  const log = new OutputLog();
  const records = Array.fromAsync(log, ({ stream, text }) => `${stream} ${text}`);
  await log.drain("stdout", bytes("a\n"));
  await log.drain("stderr", bytes("b\n"));
  log.close();
  assertEquals(await records, ["stdout a", "stderr b"]);
});

Deno.test("the tail is bounded, and a line that is too long is cut", async () => {
  const log = new OutputLog();
  const records = Array.fromAsync(log);
  await log.drain("stderr", bytes("x".repeat(100_000), "y".repeat(100_000), "\nlast\n"));
  log.close();
  assertEquals((await records).map(({ text }) => text.length), [64 * 1024 + 1, 4]);
  assertEquals(log.tail.length <= 8 * 1024, true);
});

Deno.test("bytes that are no UTF-8 are replaced", async () => {
  const log = new OutputLog();
  await log.drain("stderr", bytes(new Uint8Array([0x61, 0xff, 0x62, 0x0a])));
  assertEquals(log.tail, "a\uFFFDb");
});

Deno.test("a listener that does not keep up loses the oldest records, and is told how many", async () => {
  const log = new OutputLog();
  const listening = log[Symbol.asyncIterator]();
  const first = listening.next();
  for (let line = 0; line < 6_000; line++) log.add("stderr", `line ${line}`);
  log.close();
  assertEquals((await first).value?.text, "2001 lines were dropped, for nobody read them");
  const rest = await Array.fromAsync(listening, ({ text }) => text);
  assertEquals([rest.length, rest[0], rest.at(-1)], [3_999, "line 2001", "line 5999"]);
});

Deno.test("a line belongs to the call that it names, else to the only one that runs", async () => {
  const log = new OutputLog();
  let only: string | undefined = "a";
  log.onlyCall = () => only;
  const records = Array.fromAsync(log, ({ text, level, callId }) => [text, level, callId]);
  await log.drain("stderr", bytes('plain\n{"level":"warn","call_id":"b"}\n'));
  only = undefined;
  await log.drain("stderr", bytes('\x1e{"level":"ERROR","call_id":"c"}\x1ftagged\n', "nobody's\n"));
  log.close();
  assertEquals(await records, [
    ["plain", undefined, "a"],
    ['{"level":"warn","call_id":"b"}', "warning", "b"],
    ["tagged", "error", "c"],
    ["nobody's", undefined, undefined],
  ]);
});

Deno.test("a log hands on what it gets, and goes on when it is closed; who listens to a closed one hears nothing", async () => {
  const plugin = new OutputLog();
  const worker = new OutputLog(plugin);
  await worker.drain("stdout", bytes("one\n"));
  worker.close();
  plugin.add("host", "two");
  assertEquals([worker.tail, plugin.tail, await Array.fromAsync(worker)], ["one", "one\ntwo", []]);
});
