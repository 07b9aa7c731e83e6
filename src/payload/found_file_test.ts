import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { stub } from "@std/testing/mock";
import { demandNoLink, FileGoneError, ForeignFileError, FoundFile, makeFile, sharedFolder } from "./found_file.ts";
import { pattern } from "../../tests/support/bytes.ts";
import { Shared } from "../../tests/support/shared_folder.ts";

Deno.test("a file is read whole, into memory that is there, and piece by piece, whatever its size", async () => {
  await using shared = new Shared();
  for (const size of [0, 1, 1_500_000, 9 * 1024 * 1024 + 1]) {
    const bytes = pattern(size);
    const found = shared.found(`${size}`, bytes);
    const memory = new Uint8Array(size + 10);
    const read = await found.read(memory);
    assertEquals([read.length, read.buffer === memory.buffer, memory.at(-1)], [size, true, 0]);
    assertEquals(read, bytes);
    assertEquals(await new Blob(await Array.fromAsync(found.pieces())).bytes(), bytes);
  }
});

Deno.test("only a path inside the worker's own folder is looked at", async () => {
  await using shared = new Shared();
  const inside = shared.write("in", pattern(1));
  for (
    const path of [
      "in",
      `${shared.path}/../${inside}`,
      `${shared.path}/./in`,
      `${inside}/`,
      shared.path,
      `${shared.path}-other/in`,
      "/etc/hostname",
    ]
  ) {
    assertThrows(() => new FoundFile(path, shared.folders, 1), ForeignFileError, "is not in the worker's own folder");
  }
  assertEquals(new FoundFile(inside, shared.folders, 1).root, shared.path);
});

Deno.test("what is no plain file of the size that was told, with one name and no link on the way, is foreign; what is not there is gone", async () => {
  await using shared = new Shared();
  const path = shared.write("a", pattern(3));
  assertThrows(() => new FoundFile(path, shared.folders, 4), ForeignFileError, "has 3 bytes, not 4");
  Deno.mkdirSync(join(shared.path, "folder"));
  assertThrows(() => new FoundFile(join(shared.path, "folder"), shared.folders, 0), ForeignFileError, "is no plain file");
  assertThrows(() => new FoundFile(join(shared.path, "b"), shared.folders, 0), FileGoneError, "is not there");
  {
    using _link = stub(Deno, "realPathSync", () => "/elsewhere/a");
    assertThrows(() => new FoundFile(path, shared.folders, 3), ForeignFileError, "a link leads to the file");
  }
  Deno.linkSync(path, join(shared.path, "second"));
  assertThrows(() => new FoundFile(path, shared.folders, 3), ForeignFileError, "has 2 names");
});

Deno.test("a file that is cut while it is read is an error, never a short result, and what it grows by is not read", async () => {
  await using shared = new Shared();
  const [cut, grown] = ["cut", "grown"].map((name) => shared.found(name, pattern(2_000_000)));
  const pieces = cut!.pieces();
  await pieces.next();
  Deno.truncateSync(cut!.path, 1_500_000);
  await pieces.next();
  await assertRejects(() => pieces.next(), ForeignFileError, "was cut while it was read");
  const whole = grown!.pieces();
  const first = (await whole.next()).value as Uint8Array<ArrayBuffer>;
  Deno.writeFileSync(grown!.path, pattern(10), { append: true });
  assertEquals((await new Blob([first, ...await Array.fromAsync(whole)]).bytes()).length, 2_000_000);
});

/** What a worker can do to a file that it has given. */
const CHANGES: Readonly<Record<string, (path: string) => void>> = {
  "another file in its place": (path) => {
    Deno.writeFileSync(`${path}.new`, pattern(5));
    Deno.renameSync(`${path}.new`, path);
  },
  "a file that was written to": (path) => {
    Deno.writeFileSync(path, pattern(5));
    Deno.utimeSync(path, new Date(), new Date(0));
  },
  "a file that was cut": (path) => Deno.truncateSync(path, 4),
  "a folder in its place": (path) => {
    Deno.removeSync(path);
    Deno.mkdirSync(path);
  },
};

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`${what} is neither read, nor moved, nor removed`, async () => {
    await using shared = new Shared();
    const found = shared.found("a", pattern(5));
    change(found.path);
    const uses = [
      () => found.read(new Uint8Array(5)),
      () => found.pieces().next(),
      () => found.moveTo(join(shared.path, "moved")),
      () => found.remove(),
    ];
    for (const use of uses) await assertRejects(use, ForeignFileError);
    assertThrows(() => found.open(), ForeignFileError);
    assertThrows(() => FoundFile.of({ ...found.facts }), ForeignFileError);
    assertEquals(shared.names(), ["a"]);
  });
}

Deno.test("a file that has gone is gone for all who read it, and needs no removal", async () => {
  await using shared = new Shared();
  const found = shared.found("a", pattern(5));
  Deno.removeSync(found.path);
  for (const use of [() => found.read(new Uint8Array(5)), () => found.moveTo(join(shared.path, "b"))]) {
    await assertRejects(use, FileGoneError, "is not there");
  }
  assertThrows(() => found.open(), FileGoneError);
  await found.remove();
});

Deno.test("a file that goes between the look at it and its opening is gone, and is not left open", async () => {
  await using shared = new Shared();
  const found = shared.found("a", pattern(5));
  const opened = Deno.openSync(found.path);
  Deno.removeSync(found.path);
  Deno.writeFileSync(found.path, pattern(5)); // Another one, so that what is at the path is there.
  using _lstat = stub(Deno, "lstatSync", () => ({ ...found.facts.identity }) as Deno.FileInfo);
  using _open = stub(Deno, "openSync", () => opened);
  assertThrows(() => found.open(), FileGoneError);
  assertThrows(() => opened.statSync(), Deno.errors.BadResource);
});

Deno.test("what is known of a file can be told to another thread, which finds the same one", async () => {
  await using shared = new Shared();
  const found = shared.found("a", pattern(5));
  const elsewhere = FoundFile.of(structuredClone(found.facts));
  assertEquals([elsewhere.path, await elsewhere.read(new Uint8Array(5))], [found.path, pattern(5)]);
});

Deno.test("the folder of a file goes with its last file, but neither the shared one nor one for spare files", async () => {
  await using shared = new Shared();
  const [first, second] = ["out/1", "out/2"].map((name) => shared.found(name, pattern(2)));
  await first!.remove();
  assertEquals(shared.names(), ["out"]);
  const moved = await second!.moveTo(join(shared.path, "moved"));
  assertEquals([shared.names(), await moved.read(new Uint8Array(2))], [["moved"], pattern(2)]);
  await moved.remove();
  await shared.found("spare-in/x", pattern(2)).remove();
  assertEquals(shared.names(), ["spare-in"]);
});

Deno.test("a folder in whose place a link stands is refused", async () => {
  await using shared = new Shared();
  const folder = join(shared.path, "in");
  Deno.mkdirSync(folder);
  const own = sharedFolder(shared.path);
  demandNoLink(folder, own);
  using _link = stub(Deno, "realPathSync", () => "/elsewhere");
  assertThrows(() => demandNoLink(folder, own), ForeignFileError, `a link stands in the place of "${folder}"`);
});

Deno.test("a file is made where nothing is, and refused where a link leads there", async () => {
  await using shared = new Shared();
  const [folder] = shared.folders;
  const path = join(shared.path, "made");
  using made = makeFile(path, folder!);
  assertEquals([made.statSync().size, Deno.build.os === "windows" ? 0 : made.statSync().mode! & 0o077], [0, 0]);
  assertThrows(() => makeFile(path, folder!), Deno.errors.AlreadyExists);
  using _link = stub(Deno, "realPathSync", () => "/elsewhere/a");
  assertThrows(() => makeFile(`${path}2`, folder!), ForeignFileError, "a link stands in the place of");
});
