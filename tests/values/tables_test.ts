import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  type FileResult,
  type FileResultSync,
  type Manifest,
  RemoteError,
  RemotePluginProxy,
  RemotePluginProxySync,
} from "@remote-plugin/proxy";
import { arrowFile, readArrow } from "@remote-plugin/proxy/arrow";
import { type Table, tableFromArrays, tableToIPC } from "apache-arrow";
import { fixtureFolder } from "../support/fixtures.ts";

/** A Python with the packages; empty where they cannot be had, which tools/test.ts tells aloud. */
const PYTHON = Deno.env.get("REMOTE_PLUGIN_TEST_PACKAGED_PYTHON") ?? "";
const ignore = PYTHON === "";
const ARROW = "application/vnd.apache.arrow.file";

function manifest(name: string, changes: Partial<Manifest> = {}): Manifest {
  return { name: "tables", python_path: PYTHON, module: "plugin", class: name, plugin_path: fixtureFolder("tables"), ...changes };
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

function rowsOf(table: Table): unknown[] {
  return table.toArray().map((row) => {
    return Object.fromEntries(Object.entries(row.toJSON()).map(([key, value]) => [key, typeof value === "bigint" ? Number(value) : value]));
  });
}

async function take(result: FileResult): Promise<unknown[]> {
  await using file = result;
  assertEquals(file.mediaType, ARROW);
  return rowsOf(await readArrow(file));
}

const ROWS = [{ id: 0, name: null }, { id: 1, name: "ü" }, { id: 2, name: null }];
const LIBRARIES = ["pandas", "pyarrow", "record batch", "polars"];

for (const library of LIBRARIES) {
  test(`a table of ${library} arrives as an Arrow file, small or large`, async () => {
    await using plugin = await RemotePluginProxy.start(manifest("Tables"));
    assertEquals(await take(await plugin.execute<FileResult>({ library })), ROWS);
    const large = await take(await plugin.execute<FileResult>({ library, rows: 50_000 }));
    assertEquals([large.length, large.at(-1)], [50_000, { id: 49_999, name: "ü" }]);
  });

  test(`tables of ${library} stand inside of objects and lists, in each chunk`, async () => {
    await using plugin = await RemotePluginProxy.start(manifest("Tables"));
    const stream = plugin.executeStream<{ count: number; rows: [FileResult] }>({ library });
    for await (const { count, rows: [table] } of stream) assertEquals(await take(table), ROWS.slice(0, count));
  });

  test(`a table of ${library} goes to a program that shares no folder with the worker`, async () => {
    await using plugin = await RemotePluginProxy.start(manifest("Tables"));
    const { url, token } = plugin.endpoint!;
    await using attached = await RemotePluginProxy.attach({ url, token });
    assertEquals((await take(await attached.execute<FileResult>({ library, rows: 50_000 }))).length, 50_000);
  });
}

test("a table is read without await as well", () => {
  using plugin = RemotePluginProxySync.start(manifest("Tables"));
  using result = plugin.execute<FileResultSync>({ library: "pandas" });
  assertEquals(rowsOf(readArrow(result)), ROWS);
  return Promise.resolve();
});

test("an index, categories, an empty table and a large one keep what they hold", async () => {
  await using plugin = await RemotePluginProxy.start(manifest("Others"));
  const given = async (what: string) => await take(await plugin.execute<FileResult>({ what }));
  assertEquals(await given("indexed"), [{ score: 0.5, key: "a" }, { score: 0.25, key: "b" }]);
  assertEquals(await given("categories"), [{ kind: "a" }, { kind: "b" }]);
  assertEquals(await given("empty"), []);
  assertEquals((await given("large")).length, 100_000);
});

const REFUSED: Readonly<Record<string, string>> = {
  own: 'is of type "Own", which may say more than the DataFrame that it is derived from. Return pandas.DataFrame() of it',
  twice: 'is of type "DataFrame" and cannot be written as an Arrow file: ValueError: Duplicate column names',
  mixed: 'is of type "DataFrame" and cannot be written as an Arrow file: Arrow',
  huge: 'is of type "DataFrame" and cannot be written as an Arrow file: OverflowError',
  objects: 'is of type "DataFrame" and cannot be written as an Arrow file: ComputeError',
  series: 'is of type "Series", which JSON cannot carry. Return what it holds',
  lazy: 'is of type "LazyFrame", which JSON cannot carry. Return what it holds',
  print: 'is a picture of the mode "CMYK" that cannot be written as PNG: cannot write mode CMYK as PNG. Return its convert("RGB")',
  film: "is a picture of 2 frames, and a PNG file has one",
};

test("what no file can hold as it is is refused with the reason, and the next call works", async () => {
  await using plugin = await RemotePluginProxy.start(manifest("Others"));
  for (const [what, message] of Object.entries(REFUSED)) {
    const error = await assertRejects(() => plugin.execute({ what }), RemoteError);
    assertEquals(error.remoteType, "BadResult");
    assertStringIncludes(error.remoteMessage, `The result at "$" ${message}`);
  }
  assertEquals(await take(await plugin.execute<FileResult>({ what: "empty" })), []);
});

test("pandas without pyarrow says what to install, in both directions", async () => {
  await using plugin = await RemotePluginProxy.start({ ...manifest("WithoutPyarrow"), module: "without_pyarrow" });
  const given = await assertRejects(() => plugin.execute(), RemoteError);
  assertStringIncludes(given.remoteMessage, `"${PYTHON} -m pip install pyarrow"`);
  const taken = await assertRejects(() => plugin.execute({ frame: arrowFile(TABLE) }), RemoteError);
  assertStringIncludes(taken.remoteMessage, "travels as an Arrow file, which takes pyarrow");
});

test("what is no table, or has columns that JavaScript knows nothing of, is a TypeError in the host", async () => {
  await using plugin = await RemotePluginProxy.start(manifest("Others"));
  const refused = async (what: string, message: string): Promise<void> => {
    await using result = await plugin.execute<FileResult>({ what });
    const error = await assertRejects(() => readArrow(result), TypeError);
    assertStringIncludes(error.message, `Cannot read a table: ${message}`);
  };
  for (const what of ["nothing", "text", "marks"]) await refused(what, "");
  await refused("text", '8 bytes of the type "application/octet-stream" are neither a file nor a stream of Arrow IPC');
  await refused("views", 'Unrecognized type: "ListView"');
  assertEquals(await take(await plugin.execute<FileResult>({ what: "empty" })), []);
});

test("an opened photograph says how it is turned, and one that was made of it does not", async () => {
  await using plugin = await RemotePluginProxy.start(manifest("Others"));
  await using takes = await RemotePluginProxy.start(manifest("Takes"));
  const turned = async (what: string): Promise<unknown> => {
    await using picture = await plugin.execute<FileResult>({ what });
    return await takes.call("turned", { picture });
  };
  assertEquals([await turned("photo"), await turned("upright")], [6, null]);
});

test("a picture arrives as PNG", async () => {
  await using plugin = await RemotePluginProxy.start(manifest("Others"));
  const { picture } = await plugin.execute<{ picture: FileResult }>({ what: "picture" });
  await using file = picture;
  assertEquals(file.mediaType, "image/png");
  assertEquals([...(await file.bytes()).slice(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  await using takes = await RemotePluginProxy.start(manifest("Takes"));
  assertEquals(await takes.execute({ picture: file }), [["PIL.PngImageFile", [4, 2], 7]]);
});

const TABLE = tableFromArrays({ id: Int32Array.of(1, 2), name: ["a", "ü"] });
const COLUMNS = { id: [1, 2], name: ["a", "ü"] };

for (const batch of [undefined, { max_wait_ms: 0 }]) {
  test(`a table becomes what the plugin's hint says${batch === undefined ? "" : ", also in a batch"}`, async () => {
    await using plugin = await RemotePluginProxy.start(manifest("Takes", batch && { batch }));
    const table = () => arrowFile(TABLE);
    const kwargs = {
      frame: table(),
      table: table(),
      batch: table(),
      polars: table(),
      many: [table()],
      several: [table()],
      named: { a: table() },
      either: table(),
    };
    assertEquals(await plugin.execute(kwargs), [
      ["pandas.DataFrame", COLUMNS],
      ["pyarrow.Table", COLUMNS],
      ["pyarrow.RecordBatch", COLUMNS],
      ["polars.DataFrame", COLUMNS],
      ["polars.DataFrame", COLUMNS],
      ["polars.DataFrame", COLUMNS],
      ["pyarrow.Table", COLUMNS],
      ["builtins.str", "arrow"],
    ]);
    assertEquals(await plugin.execute({}, { args: [table(), table()] }), [["pandas.DataFrame", COLUMNS], ["pyarrow.Table", COLUMNS]]);
  });
}

test("the stream form of Arrow is read, and what another plugin has given", async () => {
  await using plugin = await RemotePluginProxy.start(manifest("Takes"));
  const stream = tableToIPC(TABLE, "stream");
  assertEquals(await plugin.execute({ frame: stream, polars: stream }), [["pandas.DataFrame", COLUMNS], ["polars.DataFrame", COLUMNS]]);
  await using tables = await RemotePluginProxy.start(manifest("Tables"));
  await using given = await tables.execute<FileResult>({ library: "polars", rows: 2 });
  assertEquals(await plugin.execute({ table: given }), [["pyarrow.Table", { id: [0, 1], name: [null, "ü"] }]]);
});

test("what is no Arrow file and no picture is an error of the call", async () => {
  await using plugin = await RemotePluginProxy.start(manifest("Takes"));
  const bytes = new TextEncoder().encode("id,name\n1,a\n");
  for (const name of ["frame", "table", "batch", "polars"]) {
    const error = await assertRejects(() => plugin.execute({ [name]: bytes }), RemoteError);
    assertStringIncludes(error.remoteMessage, "is no Arrow file, as which a table is wanted");
    assertEquals(error.category, "user_input");
    const missing = await assertRejects(() => plugin.execute({ [name]: "/nowhere/table.arrow" }), RemoteError);
    assertEquals(missing.remoteType, "FileNotFoundError");
  }
  const broken = tableToIPC(TABLE, "file").fill(0xff, -40, -10); // where the parts of the file are named
  for (const name of ["frame", "table", "batch", "polars"]) {
    const error = await assertRejects(() => plugin.execute({ [name]: broken }), RemoteError);
    assertStringIncludes(error.remoteMessage, "is an Arrow file that cannot be read: ");
    assertEquals(error.category, "user_input");
  }
  assertEquals((await assertRejects(() => plugin.execute({ picture: bytes }), RemoteError)).remoteType, "UnidentifiedImageError");
  assertEquals(await plugin.execute({ frame: arrowFile(TABLE) }), [["pandas.DataFrame", COLUMNS]]);
});

test("tables and pictures in type hints are files", async () => {
  await using tables = await RemotePluginProxy.start(manifest("Tables"));
  const { execute, execute_stream: stream } = await tables.getSignatures();
  const table = { type: "string", format: "binary", contentMediaType: ARROW };
  assertEquals(execute?.result, table);
  assertEquals(stream?.chunk, { type: "object", additionalProperties: table });
  await using takes = await RemotePluginProxy.start(manifest("Takes"));
  const properties = (await takes.getSignatures()).execute?.arguments?.properties as Record<string, unknown>;
  const picture = { type: "string", format: "binary", contentMediaType: "image/png" };
  assertEquals(properties.picture, { anyOf: [picture, { type: "null" }], default: null });
});
