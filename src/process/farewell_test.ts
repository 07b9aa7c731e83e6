import { assertEquals } from "@std/assert";
import { readFarewell } from "./hello.ts";

const HELD = { connection: "c", at: 5, frames: '{"chunk":1}\n' };

function farewellOf(...pieces: string[]): ReturnType<typeof readFarewell> {
  return readFarewell(ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece))));
}

Deno.test("a farewell tells of want of memory and of what was held back, in however many pieces it comes", async () => {
  const line = `${JSON.stringify({ protocol: 1, farewell: { out_of_memory: true, held: [HELD] } })}\n`;
  assertEquals(await farewellOf(line), { outOfMemory: true, held: [HELD] });
  assertEquals(await farewellOf(...line), { outOfMemory: true, held: [HELD] });
});

Deno.test("what is no farewell tells nothing", async () => {
  const nothing = { outOfMemory: false, held: [] };
  for (
    const text of [
      "",
      "\n",
      "null",
      "{}",
      '{"farewell":1}',
      '{"farewell":{"held":{}}}',
      '{"farewell":{"out_of_memory":1}}',
      "{".repeat(2 ** 21),
    ]
  ) {
    assertEquals(await farewellOf(text), nothing);
  }
});

Deno.test("what is not said as it should be of frames that were held back is passed over", async () => {
  const wrong = [1, null, { ...HELD, at: -1 }, { ...HELD, at: 1.5 }, { ...HELD, at: "5" }, { ...HELD, connection: 1 }, {
    ...HELD,
    frames: null,
  }];
  assertEquals((await farewellOf(JSON.stringify({ farewell: { held: [...wrong, HELD] } }))).held, [HELD]);
});
