import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { OWNER_FILE, OWNER_LINE } from "../protocol/private_folder.ts";
import { findLeftFolders, PrivateFolder, sweepFolders } from "./private_folder.ts";

/** What stands in a folder. */
interface Planted {
  /** What its owner's file says. Default: what a private folder says. */
  readonly line?: string;
  /** Default: 0700. */
  readonly mode?: number;
  /** Whether it was made long ago. Default: true. */
  readonly old?: boolean;
  /** Whether there is something else in it. Default: true. */
  readonly full?: boolean;
}

/** A folder for private folders, and what is in it. */
class Root implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync();

  names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  /** A folder as a program that was killed has left it: its owner's file is there, and nobody holds it. */
  leave(name: string, { line = OWNER_LINE, mode = 0o700, old = true, full = true }: Planted = {}): string {
    const path = join(this.path, name);
    Deno.mkdirSync(path, { mode });
    Deno.chmodSync(path, mode);
    if (full) Deno.mkdirSync(join(path, "scratch"));
    if (full) Deno.writeTextFileSync(join(path, "scratch", "input"), "left");
    if (line !== "none") Deno.writeTextFileSync(join(path, OWNER_FILE), line);
    if (old) Deno.utimeSync(path, 0, 0);
    return path;
  }

  async sweep(): Promise<void> {
    await using own = PrivateFolder.create(this.path);
    await sweepFolders(this.path, own.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** The name of the Nth folder that a test makes. */
function nameOf(number: number): string {
  return `remote-plugin-${number.toString(16).padStart(16, "0")}`;
}

Deno.test("a private folder is its owner's alone, and gone with all in it when it is disposed of, twice too", async () => {
  await using root = new Root();
  const folder = PrivateFolder.create(root.path);
  await Deno.writeTextFile(folder.file("x"), "x");
  if (Deno.build.os !== "windows") assertEquals((await Deno.stat(folder.path)).mode! & 0o777, 0o700);
  await folder[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  assertEquals(root.names(), []);
});

Deno.test("a sweep removes the folders whose owners have gone, and none whose owner lives", async () => {
  await using root = new Root();
  await using living = PrivateFolder.create(root.path);
  Deno.utimeSync(living.path, 0, 0);
  root.leave(nameOf(1));
  root.leave(nameOf(2), { old: false });
  await root.sweep();
  assertEquals(root.names().map((name) => join(root.path, name)), [living.path]);
});

Deno.test("a sweep leaves what does not say in itself that this package made it", async () => {
  await using root = new Root();
  root.leave("somebody-else");
  root.leave("remote-plugin-proxy");
  root.leave(`${nameOf(1)}0`);
  root.leave(nameOf(2).toUpperCase());
  root.leave(nameOf(3), { line: "none" });
  root.leave(nameOf(4), { line: "" });
  root.leave(nameOf(5), { line: OWNER_LINE.slice(0, 20) });
  root.leave(nameOf(6), { line: "mine\n", full: false });
  root.leave(nameOf(7), { line: `${OWNER_LINE}and more\n` });
  if (Deno.build.os !== "windows") root.leave(nameOf(8), { mode: 0o755 });
  Deno.writeTextFileSync(join(root.path, nameOf(9)), OWNER_LINE);
  const names = root.names();
  await root.sweep();
  assertEquals(root.names(), names);
});

Deno.test("a sweep leaves a folder whose owner's file is no plain one", async () => {
  await using root = new Root();
  Deno.mkdirSync(join(root.leave(nameOf(1), { line: "none" }), OWNER_FILE));
  await root.sweep();
  assertEquals(root.names(), [nameOf(1)]);
});

Deno.test("a folder whose making was cut short is left while it may still be made, and goes later", async () => {
  await using root = new Root();
  for (const [number, line] of ["none", "", OWNER_LINE.slice(0, 20)].entries()) {
    root.leave(nameOf(number), { line, full: false, old: false });
    root.leave(nameOf(16 + number), { line, full: false });
  }
  await root.sweep();
  assertEquals(root.names(), [0, 1, 2].map(nameOf));
});

Deno.test("a folder that is being made is left for as long as its maker holds it, however long it takes", async () => {
  await using root = new Root();
  const path = root.leave(nameOf(1), { line: "", full: false });
  using file = Deno.openSync(join(path, OWNER_FILE), { write: true });
  file.lockSync(true);
  await root.sweep();
  assertEquals(root.names(), [nameOf(1)]);
});

Deno.test("nothing is left of a folder that cannot be made", async () => {
  await using root = new Root();
  assertThrows(() => PrivateFolder.create(join(root.path, "missing")), Deno.errors.NotFound);
  assertEquals(root.names(), []);
});

Deno.test("two sweeps at once do each other no harm", async () => {
  await using root = new Root();
  for (let i = 0; i < 20; i++) root.leave(nameOf(i));
  await Promise.all([root.sweep(), root.sweep(), root.sweep()]);
  assertEquals(root.names(), []);
});

Deno.test("of very many folders one sweep looks at some, and further sweeps find the rest", async () => {
  await using root = new Root();
  for (let i = 0; i < 100; i++) root.leave(nameOf(i));
  await root.sweep();
  const left = root.names().length;
  assert(left >= 36 && left < 100, `${left} are left`);
  await root.sweep();
  assertEquals(root.names(), []);
});

Deno.test("a sweep finds what was left among 400 folders that were planted", async () => {
  await using root = new Root();
  for (let i = 0; i < 400; i++) root.leave(nameOf(i), { line: i % 2 === 0 ? "none" : "mine\n" });
  root.leave(nameOf(1000));
  await root.sweep();
  assertEquals([root.names().length, root.names().includes(nameOf(1000))], [400, false]);
});

Deno.test("what is left is found without being removed", async () => {
  await using root = new Root();
  await using own = PrivateFolder.create(root.path);
  const left = root.leave(nameOf(1));
  root.leave("remote-plugin-proxy");
  assertEquals(await findLeftFolders(root.path, own.path), [left]);
  assertEquals(await findLeftFolders(root.path, own.path), [left]);
});
