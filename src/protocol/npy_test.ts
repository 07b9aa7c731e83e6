import { assertEquals, assertThrows } from "@std/assert";
import { dtypeOf, type NdArray, npyHeader, type NpyLayout, parseNpy, type TypedArray } from "./npy.ts";

function file(data: TypedArray, layout: NpyLayout = {}): Uint8Array<ArrayBuffer> {
  const header = npyHeader(data, layout);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

/** A file as another writer makes it: a header of any text, then bytes. */
function foreign(header: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(12 + text.length + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0]);
  new DataView(bytes.buffer).setUint32(8, text.length, true);
  bytes.set(text, 12);
  bytes.set(data, 12 + text.length);
  return bytes;
}

const ARRAYS: readonly TypedArray[] = [
  new Int8Array([1, -2]),
  new Uint8Array([1, 255]),
  new Int16Array([1, -2]),
  new Uint16Array([1, 65535]),
  new Int32Array([1, -2]),
  new Uint32Array([1, 4294967295]),
  new BigInt64Array([1n, -2n]),
  new BigUint64Array([1n, 18446744073709551615n]),
  new Float16Array([0.5, NaN]),
  new Float32Array([0.5, -Infinity]),
  new Float64Array([0.1, NaN]),
];

for (const data of ARRAYS) {
  Deno.test(`a ${data[Symbol.toStringTag]} comes back from a .npy file as it was`, () => {
    assertEquals<NdArray>(parseNpy(file(data)), { data, shape: [2], dtype: dtypeOf(data) });
  });
}

Deno.test("the data of a .npy file begins at a multiple of 64, whatever the shape", () => {
  for (const shape of [[8], [2, 4], [1, 1, 8], [2, 2, 2], new Array(30).fill(1).concat(8)]) {
    assertEquals(npyHeader(new Float64Array(8), { shape }).length % 64, 0);
  }
});

Deno.test("elements of the machine's own order are viewed in place, not copied", () => {
  const bytes = file(new Float64Array([1, 2, 3]));
  assertEquals(parseNpy(bytes).data.buffer === bytes.buffer, true);
});

Deno.test("an array in Fortran order is read in C order", () => {
  const data = new Int32Array([0, 3, 1, 4, 2, 5]);
  assertEquals([...parseNpy(file(data, { shape: [2, 3], order: "F" })).data], [0, 1, 2, 3, 4, 5]);
  const cube = new Uint8Array([0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23]);
  assertEquals([...parseNpy(file(cube, { shape: [2, 3, 4], order: "F" })).data], Array.from({ length: 24 }, (_, i) => i));
});

Deno.test("big-endian elements are read, at any offset", () => {
  const header = "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }\n";
  assertEquals([...parseNpy(foreign(header, new Uint8Array([0x3f, 0x80, 0, 0]))).data], [1]);
  const odd = "{'descr': '<u4', 'fortran_order': False, 'shape': (1,), } \n";
  assertEquals([...parseNpy(foreign(odd, new Uint8Array([1, 1, 0, 0]))).data], [257]);
});

Deno.test("points in time and durations are counts of the unit that their dtype names", () => {
  for (const [descr, dtype] of [["<M8[ns]", "<M8[ns]"], [">m8[25us]", "<m8[25us]"], ["<M8", "<M8"]] as const) {
    const count = new Uint8Array(8).fill(0);
    count[descr.startsWith(">") ? 7 : 0] = 5;
    const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (1,), }\n`;
    assertEquals(parseNpy(foreign(header, count)), { data: BigInt64Array.of(5n), shape: [1], dtype });
  }
});

Deno.test("the elements are those that were asked for, and known to be, or it is an error", () => {
  const numbers: Float32Array = parseNpy(file(new Float32Array([0.5, 2])), "float32").data;
  const integers: BigInt64Array =
    parseNpy(foreign("{'descr': '>i8', 'fortran_order': False, 'shape': (1,), }\n", new Uint8Array(8)), "int64").data;
  assertEquals([numbers, integers], [Float32Array.of(0.5, 2), BigInt64Array.of(0n)]);
  const times = foreign("{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,), }\n", new Uint8Array(8));
  assertEquals(parseNpy(times, "datetime64").dtype, "<M8[ns]");
  assertThrows(() => parseNpy(times, "int64"), TypeError, 'are "datetime64", and not "int64" as asked for');
  assertThrows(() => parseNpy(file(new Float64Array(1)), "float32"), TypeError, 'are "float64", and not "float32"');
});

Deno.test("an array of no dimension is one number, and one of no elements is empty", () => {
  assertEquals(parseNpy(file(new Float64Array([7]), { shape: [] })).shape, []);
  assertEquals(parseNpy(file(new Float64Array(0), { shape: [0, 3] })).data.length, 0);
});

Deno.test("a shape that does not fit is refused", () => {
  for (const shape of [[3], [2, 2], [-1, -2], [0.5, 4]]) assertThrows(() => npyHeader(new Uint8Array(2), { shape }), RangeError, "shape");
});

for (
  const [what, bytes, message] of [
    ["what is no .npy file", new Uint8Array(20), "no .npy"],
    ["a file that is cut short", file(new Float64Array(4)).slice(0, 130), "cut short"],
    [
      "elements that are records",
      foreign("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", new Uint8Array(4)),
      "No array",
    ],
    [
      "records with a field whose name reads like a header",
      foreign(`{'descr': [("'descr': '<f4', 'shape': (1,)", '<f4')], 'fortran_order': False, 'shape': (1,), }\n`, new Uint8Array(4)),
      "No array",
    ],
    ["text", foreign("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }\n", new Uint8Array(4)), "No array"],
    ["numbers of 16 bytes", foreign("{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }\n", new Uint8Array(16)), "No array"],
    ["complex elements", foreign("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }\n", new Uint8Array(8)), "No array"],
    ["a header without a shape", foreign("{'descr': '<f4'}\n", new Uint8Array(8)), "cannot be read"],
  ] as const
) {
  Deno.test(`${what} is refused`, () => {
    assertThrows(() => parseNpy(bytes), TypeError, message);
  });
}
