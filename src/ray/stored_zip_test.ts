import { assertEquals } from "@std/assert";
import { unzipSync } from "fflate";
import { storedZip } from "./stored_zip.ts";

const FILES: readonly (readonly [string, Uint8Array])[] = [
  ["0/plugin.py", new TextEncoder().encode("class Plugin: ...\n")],
  ["0/grüße.txt", new Uint8Array([0, 255])],
  ["0/empty", new Uint8Array()],
];

Deno.test("a zip holds what was put into it", () => {
  assertEquals(new Map(Object.entries(unzipSync(storedZip(new Map(FILES))))), new Map(FILES));
});

Deno.test("the same files have the same bytes, in whatever order they come", () => {
  assertEquals(storedZip(new Map(FILES)), storedZip(new Map(FILES.toReversed())));
});
