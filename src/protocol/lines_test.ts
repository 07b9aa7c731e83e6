import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { LineSplitter, LineTooLongError } from "./lines.ts";

const MANY = 1_000_000;

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function strictly(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What a splitter makes of bytes that end with a line, in pieces that end at these places; `undefined` when it refuses them. */
function split(bytes: Uint8Array, cuts: readonly number[]): string | undefined {
  const splitter = new LineSplitter(MANY);
  const ends = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b);
  try {
    return ends.map((end, index) => splitter.push(bytes.subarray(ends[index - 1] ?? 0, end))).join("");
  } catch {
    return undefined;
  }
}

/** Bytes of which characters of all lengths begin, go on and end, and such that no character has. */
const BYTES = fc.constantFrom(0x0a, 0x41, 0x80, 0x9f, 0xbb, 0xbd, 0xbf, 0xc2, 0xc3, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf8, 0xff);

Deno.test("bytes are taken or refused as a strict reader does, wherever they are cut", () => {
  fc.assert(
    fc.property(fc.array(BYTES, { maxLength: 12 }), fc.array(fc.nat(12)), (some, cuts) => {
      const bytes = new Uint8Array([...some, 0x0a]);
      assertEquals(split(bytes, cuts), strictly(bytes));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("text is the same wherever it is cut, also with what stands for lost characters, and marks of byte order", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "é", "€", "😀", "\ufffd", "\ufeff", "\n") }), fc.array(fc.nat(40)), (text, cuts) => {
      assertEquals(split(bytesOf(`${text}\n`), cuts), `${text}\n`);
    }),
  );
});

Deno.test("a line in three million pieces is one, and takes no more than a few times its room meanwhile", () => {
  const splitter = new LineSplitter(3 * MANY);
  const before = Deno.memoryUsage().heapUsed;
  const byte = bytesOf("x");
  for (let count = 0; count < 3 * MANY; count++) splitter.push(byte);
  assert(Deno.memoryUsage().heapUsed - before < 45 * MANY);
  assertEquals(splitter.push(bytesOf("\n")), `${"x".repeat(3 * MANY)}\n`);
});

Deno.test("bytes that are no text leave nothing behind, though they end within a character", () => {
  const splitter = new LineSplitter(100);
  assertThrows(() => splitter.push(new Uint8Array([...bytesOf("one\ntwo\n"), 0xfc, 0xe4])), TypeError);
  assertEquals(splitter.push(bytesOf("one\n")), "one\n");
});

Deno.test("a line that is longer than the bound is refused, with its end and before it", () => {
  const splitter = new LineSplitter(3);
  assertEquals(splitter.push(bytesOf("abc")), "");
  assertEquals(splitter.push(bytesOf("\nab")), "abc\n");
  assertThrows(() => splitter.push(bytesOf("cd\n")), LineTooLongError);
  assertThrows(() => new LineSplitter(3).push(bytesOf("€a")), LineTooLongError);
});
