import { assert, assertEquals } from "@std/assert";
import { type FileResult, type Manifest, npyFile, RemotePluginProxy, wavFile } from "@remote-plugin/proxy";
import type { NpyLayout, TypedArray } from "@remote-plugin/proxy/protocol";
import { arrowFile, readArrow } from "@remote-plugin/proxy/arrow";
import { tableFromArrays } from "apache-arrow";
import { fixtureFolder } from "../support/fixtures.ts";

/** A Python with numpy and pyarrow; empty where they cannot be had, which tools/test.ts tells aloud. */
const PYTHON = Deno.env.get("REMOTE_PLUGIN_TEST_PACKAGED_PYTHON") ?? "";
const ignore = PYTHON === "";

function start(changes: Partial<Manifest> = {}): Promise<RemotePluginProxy> {
  const plugin_path = fixtureFolder("numpy_arrays");
  const own = { name: "numpy_arrays", python_path: PYTHON, module: "plugin", class: "NumpyArrays", plugin_path };
  return RemotePluginProxy.start({ ...own, ...changes });
}

const ARRAYS: readonly TypedArray[] = [
  Int8Array.of(1, -2, 3, 4, 5, 6),
  Uint8ClampedArray.of(1, 255, 3, 4, 5, 6),
  Int16Array.of(1, -2, 3, 4, 5, 6),
  Uint16Array.of(1, 65535, 3, 4, 5, 6),
  Int32Array.of(1, -2, 3, 4, 5, 6),
  Uint32Array.of(1, 4294967295, 3, 4, 5, 6),
  BigInt64Array.of(1n, -2n, 3n, 4n, 5n, 6n),
  BigUint64Array.of(1n, 18446744073709551615n, 3n, 4n, 5n, 6n),
  Float16Array.of(0.5, -2, 3, 4, 5, 6),
  Float32Array.of(0.5, -2, 3, 4, 5, 6),
  Float64Array.of(0.5, -2, 3, 4, 5, 6),
];

Deno.test({
  name: "numpy maps every kind of typed array as it is, with its dtype, shape and order",
  ignore,
  async fn() {
    await using plugin = await start();
    const layouts: NpyLayout[] = [{}, { shape: [2, 3] }, { shape: [2, 3], order: "F" }, { shape: [1, 6, 1] }];
    for (const data of ARRAYS) {
      const name = data[Symbol.toStringTag]!.replace("Array", "").replace("Clamped", "").replace("Big", "").toLowerCase();
      for (const layout of layouts) {
        const seen = await plugin.execute<Record<string, unknown>>({ action: "look", path: npyFile(data, layout) });
        assertEquals([seen.shape, seen.aligned, seen.mapped], [layout.shape ?? [6], true, true]);
        assertEquals(seen.dtype, `${data.BYTES_PER_ELEMENT === 1 ? "|" : "<"}${name[0]}${data.BYTES_PER_ELEMENT}`);
        const order = layout.order === "F" ? [0, 2, 4, 1, 3, 5] : [0, 1, 2, 3, 4, 5];
        assertEquals((seen.values as string[]).map(Number), order.map((i) => Number(data[i])));
        assertEquals(seen.fortran, layout.order === "F" || layout.shape?.length === 3);
      }
    }
  },
});

Deno.test({
  name: "every dtype of numpy's that JavaScript has comes back, big-endian and in Fortran order too",
  ignore,
  async fn() {
    await using plugin = await start();
    for (const kind of ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]) {
      for (const dtype of kind.endsWith("1") ? [kind] : [`<${kind}`, `>${kind}`]) {
        for (const order of ["C", "F"]) {
          for (const shape of [[2, 3, 4], [300, 100]]) {
            await using result = await plugin.execute<FileResult>({ action: "make", dtype, shape, order });
            const array = await result.array();
            const count = shape.reduce((a, b) => a * b);
            assertEquals([array.shape, array.dtype.slice(1), array.data.length], [shape, kind, count]);
            // Small kinds wrap around; the last elements tell the order all the same.
            const expected = Number(array.data.constructor === Float16Array ? Math.f16round(count - 2) : wrapped(array.data, count - 2));
            assertEquals(Number(array.data[count - 2]), expected);
            assertEquals(Number(array.data[1]), 1);
          }
        }
      }
    }
  },
});

function wrapped(like: TypedArray, value: number): number | bigint {
  const one = like.slice(0, 1);
  one[0] = (typeof one[0] === "bigint" ? BigInt(value) : value) as never;
  return one[0]!;
}

Deno.test({
  name: "numpy's scalars and arrays of objects are plain JSON, views and booleans are arrays",
  ignore,
  async fn() {
    await using plugin = await start();
    const seen = await plugin.execute<Record<string, unknown>>({ action: "others" });
    assertEquals([seen.scalar, seen.no_dimension, seen.objects], [0.5, 3, ["a", null]]);
    assertEquals([...(await (seen.strided as FileResult).array()).data].map(Number), [0, 2, 4, 6, 8]);
    const masked = await (seen.masked as FileResult).array();
    assertEquals([masked.dtype, [...masked.data]], ["|b1", [1, 0]]);
  },
});

Deno.test({
  name: "a big array goes to numpy and comes back changed",
  ignore,
  async fn() {
    await using plugin = await start();
    const data = Float32Array.from({ length: 1_000_000 }, (_, i) => i);
    await using result = await plugin.execute<FileResult>({ action: "double", path: npyFile(data, { shape: [1000, 1000] }) });
    const array = await result.array();
    assertEquals(array.shape, [1000, 1000]);
    assert(array.data.every((value, i) => value === 2 * i));
  },
});

Deno.test({
  name: "Python's wave module reads a WAV file of two channels",
  ignore,
  async fn() {
    await using plugin = await start();
    const path = wavFile([Int16Array.of(1, 2, 3), Int16Array.of(-1, -2, -3)], { sampleRate: 8000 });
    assertEquals(await plugin.execute({ action: "sound", path }), { rate: 8000, channels: 2, frames: [[1, -1], [2, -2], [3, -3]] });
  },
});

Deno.test({
  name: "an Arrow table goes to pyarrow, and one of pyarrow's comes back",
  ignore,
  async fn() {
    await using plugin = await start();
    const table = tableFromArrays({ id: Int32Array.of(1, 2), score: Float64Array.of(0.5, 0.25), name: ["a", "ü"] });
    assertEquals(await plugin.execute({ action: "table", path: arrowFile(table) }), { id: [1, 2], score: [0.5, 0.25], name: ["a", "ü"] });
    await using result = await plugin.execute<FileResult>({ action: "make_table" });
    assertEquals(result.mediaType, "application/vnd.apache.arrow.file");
    const back = await readArrow(result);
    assertEquals(back.toArray().map((row) => ({ ...row.toJSON() })), [{ id: 1, name: "a" }, { id: 2, name: null }, { id: 3, name: "ü" }]);
  },
});

Deno.test({
  name: "arrays in type hints are files, numpy's scalars are numbers",
  ignore,
  async fn() {
    await using plugin = await start();
    const { execute_stream: stream } = await plugin.getSignatures();
    const array = { type: "string", format: "binary", contentMediaType: "application/x-npy" };
    assertEquals(stream?.arguments?.properties, {
      samples: array,
      weights: { anyOf: [array, { type: "null" }], default: null },
      gain: { type: "number", default: 1 },
    });
    assertEquals(stream?.chunk, array);
    const chunks = plugin.executeStream<FileResult>({ samples: Float32Array.of(1, 2), gain: 0.5 });
    for await (const chunk of chunks) assertEquals(Array.from((await chunk.array("float32")).data), [0.5, 1]);
  },
});

Deno.test({
  name: "a batch that is answered by an array gives each call its row",
  ignore,
  async fn() {
    await using plugin = await start({ class: "Rows", batch: { max_size: 3, max_wait_ms: 2_000 } });
    const rows = await Promise.all([1, 2, 3].map((number) => plugin.execute<FileResult>({ number })));
    for (const [index, row] of rows.entries()) assertEquals([...(await row.array("float64")).data], [index + 1, 0.5]);
  },
});
