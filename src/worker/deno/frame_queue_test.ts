import { assertEquals } from "@std/assert";
import { type FrameLine, plainResultLine, progressLine } from "./frame_line.ts";
import { FrameQueue, framesOf } from "./frame_queue.ts";

function chunkLine(chunk: number): FrameLine {
  return { kind: "chunk", text: JSON.stringify({ chunk }) };
}

Deno.test("A reply's frames come in the order in which they were made, and nothing after the last", async () => {
  const queue = new FrameQueue();
  queue.report(progressLine(0.5, ""));
  await queue.push(chunkLine(1));
  queue.end(plainResultLine(null));
  queue.end(plainResultLine("later"));
  await queue.push(chunkLine(2));
  const texts: string[] = [];
  for await (const line of framesOf(queue)) texts.push(line.text);
  assertEquals(texts, ['{"progress":0.5,"message":""}', '{"chunk":1}', '{"result":null}']);
});

Deno.test("A chunk waits when the reader does not take the ones before it", async () => {
  const queue = new FrameQueue();
  let made = 0;
  const maker = (async () => {
    for (; made < 100; made++) await queue.push(chunkLine(made));
  })();
  await queue.take();
  const first = made;
  await queue.take();
  assertEquals(first <= 16, true);
  queue.end(plainResultLine(null));
  await maker;
});

Deno.test("A reader that takes nothing is owed a bounded number of progress reports, of which the last is the newest", async () => {
  const queue = new FrameQueue();
  for (let i = 0; i <= 10_000; i++) queue.report(progressLine(i / 10_000, ""));
  const lines = await queue.take();
  assertEquals(lines.length, 256);
  assertEquals(lines.at(-1)?.text, '{"progress":1,"message":""}');
});

Deno.test("it is flushed when the reader has come back for more, or has left, and not while the reader is still sending", async () => {
  const queue = new FrameQueue();
  await queue.flushed();
  queue.report(progressLine(0, "one"));
  let isFlushed = false;
  const flushed = queue.flushed().then(() => isFlushed = true);
  await queue.take();
  await Promise.resolve();
  assertEquals(isFlushed, false);
  const more = queue.take();
  await flushed;
  queue.report(progressLine(1, "two"));
  await more;
  const last = queue.flushed();
  queue.leave();
  await last;
});
