import { assertEquals, assertThrows } from "@std/assert";
import { decodeUtf8 } from "./utf8.ts";

Deno.test("text is what it was, also with a mark of byte order, and with what stands for lost characters", () => {
  for (const text of ["", "a½€😀", "\ufeffa", "\ufffd", "\0"]) assertEquals(decodeUtf8(new TextEncoder().encode(text)), text);
});

Deno.test("bytes that are no text are refused", () => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0x61, 0x80]]) assertThrows(() => decodeUtf8(new Uint8Array(bytes)), TypeError);
});
