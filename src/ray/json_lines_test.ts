import { assertEquals, assertRejects } from "@std/assert";
import { JsonLines } from "./json_lines.ts";

/** Reads what comes in pieces. */
function linesOf(pieces: readonly (string | Uint8Array)[]): JsonLines {
  const left = pieces.map((piece) => typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
  const read = (block: Uint8Array) => {
    const piece = left.shift();
    if (piece !== undefined) block.set(piece);
    return Promise.resolve(piece === undefined ? null : piece.length);
  };
  return new JsonLines({ read } as Deno.Conn);
}

Deno.test("lines are told from each other wherever they are cut", async () => {
  const text = new TextEncoder().encode('{"a":"grüße"}\n{"b":[1,2]}\n');
  for (let at = 0; at <= text.length; at++) {
    const lines = linesOf([text.slice(0, at), text.slice(at)].filter((piece) => piece.length > 0));
    assertEquals([await lines.next(), await lines.next(), await lines.next()], [{ a: "grüße" }, { b: [1, 2] }, undefined]);
  }
});

Deno.test("a line that is cut off is none", async () => {
  assertEquals(await linesOf(['{"a":1']).next(), undefined);
});

Deno.test("what is no object is refused", async () => {
  for (const text of ["5\n", "[]\n", "null\n", "nonsense\n", "\n"]) {
    await assertRejects(() => linesOf([text]).next(), TypeError, "no object");
  }
});

Deno.test("a line without end is refused", async () => {
  const piece = new Uint8Array(64 * 1024).fill(0x20);
  await assertRejects(() => linesOf(Array.from({ length: 200 }, () => piece)).next(), TypeError, "more in one line");
});
