import { assertEquals } from "@std/assert";
import { unzipSync } from "fflate";
import { type PackedFile, storedZip } from "./stored_zip.ts";

/** How an entry of that directory begins. */
const DIRECTORY_ENTRY = 0x504b0102;

const FILES: readonly (readonly [string, PackedFile])[] = [
  ["0/plugin.py", { bytes: new TextEncoder().encode("class Plugin: ...\n") }],
  ["0/grüße.txt", { bytes: new Uint8Array([0, 255]) }],
  ["0/empty", { bytes: new Uint8Array() }],
];

Deno.test("a zip holds what was put into it", () => {
  assertEquals(Object.entries(unzipSync(storedZip(new Map(FILES)))).sort(), FILES.map(([name, { bytes }]) => [name, bytes]).sort());
});

Deno.test("the same files have the same bytes, in whatever order they come", () => {
  assertEquals(storedZip(new Map(FILES)), storedZip(new Map(FILES.toReversed())));
});

Deno.test("whoever unpacks a zip may run its programs, and no other file of it", () => {
  const zip = storedZip(new Map([["a.py", { bytes: new Uint8Array() }], ["b.sh", { bytes: new Uint8Array(), isProgram: true }]]));
  assertEquals(modesIn(zip), [0o100644, 0o100755]);
});

/** The modes that the directory at the end of a zip gives to its files. */
function modesIn(zip: Uint8Array<ArrayBuffer>): number[] {
  const [view, modes] = [new DataView(zip.buffer, zip.byteOffset), [] as number[]];
  for (let at = 0; at + 4 <= zip.length; at++) if (view.getUint32(at) === DIRECTORY_ENTRY) modes.push(view.getUint16(at + 40, true));
  return modes;
}
