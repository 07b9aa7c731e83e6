import { assertEquals } from "@std/assert";
import { FileResult } from "../payload/file_result.ts";
import { npyHeader } from "../protocol/npy.ts";
import { writtenArray } from "./given_array.ts";

/** A result of these bytes. */
function fileOf(bytes: Uint8Array<ArrayBuffer>, mediaType = "application/x-npy"): FileResult {
  const source = { read: (into: Uint8Array<ArrayBuffer>) => (into.set(bytes), Promise.resolve(into)) };
  return new FileResult({ plugin: "p", size: bytes.length, mediaType, source: source as never, onRemoved: () => {} });
}

function npy(data: Float32Array | BigInt64Array, shape: readonly number[]): FileResult {
  const header = npyHeader(data, { shape });
  const bytes = new Uint8Array(data.buffer as ArrayBuffer);
  return fileOf(new Uint8Array([...header, ...bytes]));
}

Deno.test("a small array is its numbers, with as many digits as they have", async () => {
  assertEquals(await writtenArray(npy(new Float32Array([0.1, 2, NaN, -4]), [2, 2])), {
    dtype: "<f4",
    shape: [2, 2],
    values: [[0.1, 2], [NaN, -4]],
  });
  assertEquals((await writtenArray(npy(new BigInt64Array([1n, 2n ** 60n]), [2])))?.values, [1, "1152921504606846976"]);
  assertEquals((await writtenArray(npy(new Float32Array([3]), [])))?.values, 3);
  assertEquals((await writtenArray(npy(new Float32Array([]), [2, 0])))?.values, [[], []]);
});

Deno.test("a large array, one that cannot be read, and what is no array stay files", async () => {
  assertEquals(await writtenArray(npy(new Float32Array(1_001), [1_001])), undefined);
  assertEquals(await writtenArray(npy(new Float32Array(100_000), [100_000])), undefined);
  assertEquals(await writtenArray(fileOf(new Uint8Array(200))), undefined);
  assertEquals(await writtenArray(fileOf(new Uint8Array(3), "text/plain")), undefined);
});
