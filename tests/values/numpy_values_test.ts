import { assertEquals, assertRejects } from "@std/assert";
import { type FileResult, RemoteError, RemotePluginProxy } from "@remote-plugin/proxy";
import { fixtureFolder } from "../support/fixtures.ts";

/** A Python with the packages; empty where they cannot be had, which tools/test.ts tells aloud. */
const PYTHON = Deno.env.get("REMOTE_PLUGIN_TEST_PACKAGED_PYTHON") ?? "";
const ignore = PYTHON === "";
const MODULES = ["numpy as np", "pandas as pd", "models", "datetime", "uuid", "decimal"];

async function start(): Promise<RemotePluginProxy> {
  const plugin_path = [fixtureFolder("evaluates"), fixtureFolder("models")];
  return await RemotePluginProxy.start({ name: "evaluates", python_path: PYTHON, module: "plugin", class: "Evaluates", plugin_path });
}

for (
  const [what, expressions] of [
    ["numpy's numbers are numbers", {
      "np.bool_(True)": true,
      "np.int64(-5)": -5,
      "np.uint64(2**63)": 2 ** 63,
      "np.float16(0.1)": Math.f16round(0.1),
      "np.float32(0.1)": Math.fround(0.1),
      "np.float64(0.1)": 0.1,
      "[np.float64('nan'), np.float32('-inf'), np.float64(-0.0)]": [NaN, -Infinity, -0],
      "np.str_('ü')": "ü",
      "np.array(3)": 3,
      "np.array(np.nan)": NaN,
      "{np.str_('a'): np.int8(1), np.float64(1.5): 2}": { a: 1, "1.5": 2 },
    }],
    ["points in time are ISO 8601 in their own unit", {
      "np.datetime64('2024', 'Y')": "2024",
      "np.datetime64('2024-01-01', 'D')": "2024-01-01",
      "np.datetime64('2024-01-01', 's')": "2024-01-01T00:00:00",
      "np.datetime64('2024-01-01', 'ns')": "2024-01-01T00:00:00.000000000",
      "np.array('2024-01-01', 'M8[ns]')": "2024-01-01T00:00:00.000000000",
      "[np.datetime64('NaT'), pd.NaT]": ["NaT", "NaT"],
      "pd.Timestamp('2024-01-01T00:00:00.123456789Z')": "2024-01-01T00:00:00.123456789+00:00",
      "np.array([None, np.datetime64('2024')])": [null, "2024"],
    }],
    ["durations are ISO 8601 in their own unit", {
      "np.timedelta64(5, 's')": "PT5S",
      "np.timedelta64(5, 'ns')": "PT0.000000005S",
      "np.timedelta64(-1500, 'ms')": "-PT1.500S",
      "np.array(3, 'm8[25us]')": "PT0.000075S",
      "[np.timedelta64(3, 'Y'), np.timedelta64(3, 'M'), np.timedelta64(3, 'W'), np.timedelta64(3, 'D')]": ["P3Y", "P3M", "P3W", "P3D"],
      "[np.timedelta64(3, 'h'), np.timedelta64(3, 'm'), np.timedelta64('NaT')]": ["PT3H", "PT3M", "NaT"],
      "[pd.Timedelta(5, 'ns'), pd.Timedelta(-1500, 'ns'), pd.Timedelta(days=-1), pd.Timedelta('1 day 1ms')]": [
        "PT0.000000005S",
        "-PT0.000001500S",
        "-PT86400S",
        "PT86400.001000S",
      ],
      "datetime.timedelta(seconds=-90)": "-PT90S",
    }],
    ["records keep the names of their fields", {
      "np.array((1, 2.5), [('x', 'i4'), ('y', 'f8')])": { x: 1, y: 2.5 },
      "np.array([(1, 2.5)], [('x', 'i4'), ('y', 'f8')])[0]": { x: 1, y: 2.5 },
      "np.rec.array([(1, '2024')], [('x', 'i4'), ('d', 'M8[Y]')])[0]": { x: 1, d: "2024" },
      "np.array([((1, 2), None)], [('p', [('a', 'i2'), ('b', 'i2')]), ('o', 'O')])": [{ p: { a: 1, b: 2 }, o: null }],
    }],
    ["objects of classes that name their fields are objects", {
      "models.Pydantic(size=1, when='2024-01-01', more=uuid.UUID(int=1))": {
        size: 1,
        when: "2024-01-01",
        inner: null,
        more: "00000000-0000-0000-0000-000000000001",
      },
      "models.OldPydantic(size=2)": { size: 2 },
      "models.Attrs(1)": { size: 1, _hidden: [2] },
      "models.Msgspec(1)": { size: 1, price: "1.10" },
      "[models.Tensor()]": [[[0.5], [1]]],
    }],
  ] as const
) {
  Deno.test({
    name: what,
    ignore,
    async fn() {
      await using plugin = await start();
      for (const [expression, value] of Object.entries(expressions)) {
        assertEquals(await plugin.execute({ expression, modules: MODULES }), value, expression);
      }
    },
  });
}

const REFUSED: readonly (readonly [string, string])[] = [
  ["np.ma.array([1, 2, 3], mask=[0, 1, 0])", "MaskedArray"],
  ["np.ma.masked", "MaskedConstant"],
  ["np.ma.array([(1, 2)], [('x', 'i4'), ('y', 'f8')])[0]", "mvoid"],
  ["models.Quantity([1, 2])", "Quantity"],
  ["np.timedelta64(3)", "has no unit"],
  ["np.longdouble(1) / 3", "longdouble"],
  ["np.complex64(1j)", "complex"],
  ["{np.int64(1): 1}", "int64"],
  ["pd.Series({'a': 1, 'b': 2})", "Series"],
  ["pd.Index([1])", "Index"],
  ["pd.MultiIndex.from_tuples([(1, 2)])", "MultiIndex"],
  ["pd.Categorical(['a'])", "Categorical"],
  ["pd.array([1, None])", "IntegerArray"],
  ["pd.NA", "NAType"],
  ["pd.Interval(1, 2)", "Interval"],
  ["pd.Period('2024')", "Period"],
  ["models.AttrsUnset()", "AttrsUnset.* has no attribute 'size'"],
];

Deno.test({
  name: "what would lose a mask, a unit, an index or a category is refused with its place",
  ignore,
  async fn() {
    await using plugin = await start();
    for (const [expression, words] of REFUSED) {
      const call = () => plugin.execute({ expression: `[0, {"in": ${expression}}]`, modules: MODULES });
      const error = await assertRejects(call, RemoteError, 'The result at "$[1].in" ', expression);
      assertEquals(new RegExp(words).test(error.remoteMessage), true, error.remoteMessage);
    }
  },
});

Deno.test({
  name: "arrays of points in time and of durations are counts of the unit that their dtype names",
  ignore,
  async fn() {
    await using plugin = await start();
    for (
      const [expression, dtype, counts] of [
        ["np.array(['1970-01-02', 'NaT'], 'M8[D]')", "<M8[D]", [1n, -(2n ** 63n)]],
        ["np.array(['1970-01-01T00:00:01'], '>M8[ns]')", "<M8[ns]", [1_000_000_000n]],
        ["np.array([5, -7], 'm8[25us]')", "<m8[25us]", [5n, -7n]],
        ["pd.Series(pd.to_datetime(['1970-01-01T00:00:02'])).to_numpy().astype('M8[s]')", "<M8[s]", [2n]],
      ] as const
    ) {
      await using result = await plugin.execute<FileResult>({ expression, modules: MODULES });
      const array = await result.array();
      assertEquals([array.dtype, array.shape, [...array.data]], [dtype, [counts.length], [...counts]], expression);
    }
  },
});

Deno.test({
  name: "an array whose elements JavaScript lacks arrives as its file, and is refused as an array",
  ignore,
  async fn() {
    await using plugin = await start();
    const expressions = [
      "np.array([1j])",
      "np.array([1], 'g')",
      "np.array(['a'])",
      "np.array([b'a'])",
      "np.zeros(2, 'V3')",
      "np.zeros(2, [('x', 'i4'), ('y', 'f8')])",
      `np.zeros(1, [("'descr': '<f4', 'shape': (1,)", 'f4')])`,
      "np.rec.array([(1, 2.5)], [('x', 'i4'), ('y', 'f8')])",
    ];
    for (const expression of expressions) {
      await using result = await plugin.execute<FileResult>({ expression, modules: MODULES });
      assertEquals(result.mediaType, "application/x-npy");
      await assertRejects(() => result.array(), TypeError, "No array of JavaScript", expression);
      assertEquals(new TextDecoder("latin1").decode((await result.bytes()).subarray(1, 6)), "NUMPY");
    }
  },
});

Deno.test({
  name: "arrays in every order and of every class of numpy's own arrive whole",
  ignore,
  async fn() {
    await using plugin = await start();
    const expressions = [
      "np.asfortranarray([[1, 2], [3, 4]], '<i4')",
      "np.array([[1, 2], [3, 4]], '>i4')",
      "np.matrix([[1, 2], [3, 4]], '<i4')",
      "np.array([[1, 0, 2, 0], [3, 0, 4, 0]], '<i4')[:, ::2]",
      "np.broadcast_to(np.int32(1), (2, 2)) + np.array([[0, 1], [2, 3]], '<i4')",
    ];
    for (const expression of expressions) {
      await using result = await plugin.execute<FileResult>({ expression, modules: MODULES });
      assertEquals(await result.array(), { data: Int32Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "<i4" }, expression);
    }
  },
});
