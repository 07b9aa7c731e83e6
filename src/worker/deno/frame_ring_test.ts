import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RingReader, RingWriter } from "./frame_ring.ts";

function open(posted = { count: 0 }): { reader: RingReader; writer: RingWriter } {
  const reader = new RingReader();
  return { reader, writer: new RingWriter(reader.memory, posted) };
}

function taken(reader: RingReader): unknown[] {
  return reader.take().map(({ key, kind, bytes }) => [key, kind, new TextDecoder().decode(bytes)]);
}

Deno.test("frames come out as they went in, in their order, however often the ring goes round", () => {
  const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.nat(20_000).map((length) => "½".repeat(length)));
  const { reader, writer } = open();
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(), text), { maxLength: 20 }), (frames) => {
    const written = frames.map(([key, value]) => [key, "chunk", JSON.stringify({ chunk: value })] as const).filter((frame) =>
      writer.write(...frame)
    );
    assertEquals(taken(reader), written.map(([key, kind, line]) => [key, kind, `${line}\n`]));
  }));
});

Deno.test("a ring that is full takes no more until it is read", () => {
  const { reader, writer } = open();
  const line = `{"chunk":"${"x".repeat(10_000)}"}`;
  let count = 0;
  while (writer.write(1, "chunk", line)) count++;
  assertEquals(reader.take().length, count);
  assertEquals(count > 5 && writer.write(1, "chunk", line), true);
});

Deno.test("a frame overtakes no message, and one that is long goes as a message", () => {
  const posted = { count: 0 };
  const { reader, writer } = open(posted);
  assertEquals(writer.write(1, "chunk", `{"chunk":"${"x".repeat(30_000)}"}`), false);
  posted.count++;
  assertEquals(writer.write(1, "result", '{"result":1}'), false);
  reader.noteMessage();
  assertEquals(writer.write(1, "result", '{"result":1}'), true);
});

Deno.test("the reader is told of what lies there, whether or not it waits for that already", async () => {
  const { reader, writer } = open();
  // To wait for shared memory does not keep a program alive.
  const alive = setInterval(() => {}, 1_000);
  for (let n = 0; n < 40; n++) {
    const told = n % 2 === 0 ? reader.untilTold() : undefined;
    writer.write(n, "chunk", `{"chunk":${n}}`);
    writer.tell();
    await (told ?? reader.untilTold());
    assertEquals(taken(reader), [[n, "chunk", `{"chunk":${n}}\n`]]);
  }
  clearInterval(alive);
});

Deno.test("a writer that tells without end leaves the reader's thread time for all else", async () => {
  const { reader, writer } = open();
  let isOver = false;
  setTimeout(() => isOver = true);
  while (!isOver) {
    writer.tell();
    await reader.untilTold();
  }
});

for (
  const [what, line] of [
    ["two frames", '{"chunk":1}\n{"result":2}'],
    ["another kind", '{"result":1}'],
    ["nothing", ""],
  ]
) {
  Deno.test(`what is no frame of its kind is refused: ${what}`, () => {
    const { reader, writer } = open();
    writer.write(1, "chunk", line!);
    assertThrows(() => reader.take(), TypeError, "no frame");
  });
}

Deno.test("whatever numbers a plugin writes there, the reader ends, with frames or an error", () => {
  const numbers = fc.array(fc.tuple(fc.nat(40), fc.oneof(fc.integer(), fc.nat(400))), { maxLength: 10 });
  const counts = fc.oneof(fc.integer(), fc.nat(600_000));
  fc.assert(fc.property(numbers, counts, (writes, written) => {
    const { reader, writer } = open();
    for (let frame = 0; frame < 10; frame++) writer.write(1, "chunk", '{"chunk":1}');
    const words = new Int32Array(reader.memory.bytes.buffer);
    for (const [at, value] of writes) words[at] = value;
    reader.memory.counts[0] = written;
    try {
      for (const { bytes } of reader.take()) assertEquals(bytes.indexOf(10), bytes.length - 1);
    } catch (error) {
      assertEquals(error instanceof TypeError, true);
    }
  }));
});
