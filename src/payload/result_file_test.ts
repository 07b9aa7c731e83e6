import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { spy } from "@std/testing/mock";
import { pattern } from "../../tests/support/bytes.ts";
import { Shared } from "../../tests/support/shared_folder.ts";
import { PluginStateError, ProtocolError } from "../errors.ts";
import { FileGoneError } from "./found_file.ts";
import { ResultFile } from "./result_file.ts";
import { Quota } from "./scratch.ts";
import { SpareFiles } from "./spare_files.ts";
import { WorkerFiles } from "./worker_files.ts";

const SIZE = 2_500_000;

function noMaps(): never {
  throw new Error("not needed here");
}

/** A result that has a file in the folder. */
function resultIn(shared: Shared, spares?: SpareFiles): ResultFile {
  return new ResultFile(shared.found("out/1", pattern(SIZE)), { spares, maps: noMaps });
}

async function bytesOf(source: ResultFile): Promise<[Uint8Array, Uint8Array]> {
  return [await source.read(new Uint8Array(SIZE)), await new Blob(await Array.fromAsync(source.pieces())).bytes()];
}

Deno.test("a result that is held open is read, twice and at the same time too, when its worker's folder has gone", async () => {
  await using shared = new Shared();
  const result = resultIn(shared);
  assertEquals([result.hold(), result.hold()], [true, true]);
  await Deno.remove(join(shared.path, "out"), { recursive: true });
  const read = await Promise.all([bytesOf(result), bytesOf(result)]);
  assertEquals(read, Array(2).fill([pattern(SIZE), pattern(SIZE)]));
  await result.remove();
});

Deno.test("a result that was held too late is gone, and so is one that was not", async () => {
  await using shared = new Shared();
  const result = resultIn(shared);
  await Deno.remove(join(shared.path, "out"), { recursive: true });
  await assertRejects(() => bytesOf(result), FileGoneError);
  await assertRejects(() => result.pieces().next(), FileGoneError);
  assertEquals(result.hold(), false);
  await assertRejects(() => bytesOf(result), FileGoneError);
});

Deno.test("a result whose worker ends right after it was asked for is read, whether it was held by then or not", async () => {
  await using shared = new Shared();
  for (const isHeld of [false, true]) {
    const found = shared.found("out/1", pattern(SIZE));
    const result = new ResultFile(found, { spares: undefined, maps: noMaps });
    const bytes = result.read(new Uint8Array(SIZE));
    if (isHeld) result.hold();
    Deno.removeSync(found.path);
    assertEquals(await bytes, pattern(SIZE));
    await result.remove();
  }
});

Deno.test("the file of a result that is not needed any more is laid aside for its worker, or removed when it was held open", async () => {
  await using shared = new Shared();
  const quota = new Quota(10 * SIZE);
  await using spares = new SpareFiles({ folders: shared.folders, quota, isInUse: () => Promise.resolve(false) });
  await resultIn(shared, spares).remove();
  assertEquals(shared.names(), ["spare-out"]);
  using keep = spy(spares, "keep");
  const held = resultIn(shared, spares);
  held.hold();
  await held.remove();
  assertEquals([keep.calls.length, shared.names()], [0, ["spare-out"]]);
});

/** The files of a worker whose folder this is. */
function filesOf(shared: Shared): WorkerFiles {
  return new WorkerFiles({ plugin: "p", folders: { disk: shared.path, memory: undefined }, quota: 10 * SIZE });
}

Deno.test("what a worker says of a file that no file is, is refused before anything is opened", async () => {
  await using shared = new Shared();
  await using files = filesOf(shared);
  const path = shared.write("1", pattern(3));
  const refused: readonly (readonly [raw: unknown, why: string])[] = [
    [null, "holds no object"],
    [[path], "holds no object"],
    [{ path }, "has no size"],
    [{ path, size: -1 }, "has no size"],
    [{ path, size: 2 ** 60 }, "has no size"],
    [{ path, size: 3, media_type: 5 }, "no type"],
    [{ size: 3 }, "has no path"],
    [{ data: 5, size: 3 }, "no base64"],
    [{ data: "AAAA", size: 4 }, "has 3 bytes, not 4"],
  ];
  for (const [raw, why] of refused) assertThrows(() => files.adopt(raw), TypeError, why);
  assertThrows(() => files.adopt({ data: "%%", size: 1 }), SyntaxError);
});

Deno.test("results outlive their worker, once each of them is held open, and are gone when they are let go of", async () => {
  await using shared = new Shared();
  const files = filesOf(shared);
  const [kept, inline] = [{ path: shared.write("1", pattern(SIZE)), size: SIZE }, { data: pattern(3).toBase64(), size: 3 }].map((raw) =>
    files.adopt(raw)
  );
  const ahead = { path: shared.write("2", pattern(5)), size: 5 };
  files.hold(ahead);
  files.hold("nonsense");
  files.outlive();
  for (const name of shared.names()) await Deno.remove(join(shared.path, name));
  const late = files.adopt({ path: join(shared.path, "3"), size: 7 });
  await files[Symbol.asyncDispose]();
  assertEquals([await kept!.bytes(), await inline!.bytes(), await files.adopt(ahead).bytes()], [pattern(SIZE), pattern(3), pattern(5)]);
  await assertRejects(() => late.bytes(), PluginStateError, "Read it before the plugin ends");
  assertEquals(files.areHeld, true);
  await files.letGo();
  assertEquals(files.areHeld, false);
  await assertRejects(() => kept!.bytes(), PluginStateError, "has been disposed of");
});

Deno.test("a result in whose place there is another file by now is the worker's lie, for who reads it and who disposes of it", async () => {
  await using shared = new Shared();
  await using files = filesOf(shared);
  const result = files.adopt({ path: shared.write("1", pattern(5)), size: 5 });
  shared.write("new", pattern(5));
  await Deno.rename(join(shared.path, "new"), result.path);
  await assertRejects(() => result.bytes(), ProtocolError, 'Cannot use a result of "p"');
  await assertRejects(() => Array.fromAsync(result.stream()), ProtocolError);
  await assertRejects(() => result[Symbol.asyncDispose](), ProtocolError);
  assertEquals(shared.names(), ["1"]);
});
