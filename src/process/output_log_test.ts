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
