import { assertEquals } from "@std/assert";
import { repeated } from "./long_recording.ts";

Deno.test("a recording is heard so many times, and its header tells how long that is", () => {
  const header = new Uint8Array(44).fill(1);
  const wav = new Uint8Array([...header, 7, 8, 9, 10]);
  const long = repeated(wav, 3);
  assertEquals([...long.subarray(44)], [7, 8, 9, 10, 7, 8, 9, 10, 7, 8, 9, 10]);
  const view = new DataView(long.buffer);
  assertEquals([view.getUint32(4, true), view.getUint32(40, true)], [long.length - 8, 12]);
});
