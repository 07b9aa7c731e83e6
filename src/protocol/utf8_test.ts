import { assertEquals, assertThrows } from "@std/assert";
import { decodeUtf8, utf8Length } from "./utf8.ts";

Deno.test("text is what it was, also with a mark of byte order, and with what stands for lost characters", () => {
  for (const text of ["", "a½€😀", "\ufeffa", "\ufffd", "\0"]) assertEquals(decodeUtf8(new TextEncoder().encode(text)), text);
});

Deno.test("bytes that are no text are refused", () => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0x61, 0x80]]) assertThrows(() => decodeUtf8(new Uint8Array(bytes)), TypeError);
});

Deno.test("a text's length in bytes is told without writing them, whatever is in it", () => {
  for (const text of ["", "plain", "größe", "日本語", "👍👍🏽", "\ud83d", "a\udc4d", "\ud83d\ud83d\udc4d"]) {
    assertEquals(utf8Length(text), new TextEncoder().encode(text).length, JSON.stringify(text));
  }
});
