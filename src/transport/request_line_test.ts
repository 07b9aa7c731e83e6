import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { largeRequest, requestText } from "./request_line.ts";

const MEMORY_BYTES = 256;

/** What is written, each piece as it is when it is to be written. */
function written(json: string): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  for (const piece of largeRequest({ endpoint: "execute", json }, new Uint8Array(MEMORY_BYTES))) {
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

Deno.test("a large request is the same in pieces as in one, whatever its characters", () => {
  const characters = fc.string({ unit: fc.constantFrom("a", "é", "€", "😀", "\n", "\u0000"), maxLength: 1_000 });
  fc.assert(fc.property(characters, (text) => {
    const json = JSON.stringify(text);
    assertEquals(written(json), requestText({ endpoint: "execute", json }, Infinity));
  }));
});

Deno.test("a large request with half a character announces the bytes that stand for it", () => {
  assertEquals(written('"\ud800"'), 'execute 5\n"\ufffd"');
});

Deno.test("a request without a body has its line alone", () => {
  const pieces = [...largeRequest({ endpoint: "execute" }, new Uint8Array(MEMORY_BYTES))];
  assertEquals(pieces.map((piece) => new TextDecoder().decode(piece)), ["execute 0\n"]);
});
