import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { PrivateFolder, sweepFolders } from "./private_folder.ts";

/** A folder for private folders, and what is in it. */
class Root implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync();

  names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  /** A folder as a program that was killed has left it: its lock file is there, and nobody holds it. */
  async leave(name: string, lock = true): Promise<string> {
    const path = join(this.path, name);
    await Deno.mkdir(join(path, "scratch", "in"), { recursive: true });
    await Deno.writeTextFile(join(path, "scratch", "in", "input"), "left");
    if (lock) await Deno.writeTextFile(join(path, "owner.lock"), "");
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
  await living.locked();
  await root.leave("remote-plugin-left");
  await root.sweep();
  assertEquals(root.names().map((name) => join(root.path, name)), [living.path]);
});

Deno.test("a sweep leaves what is not a private folder", async () => {
  await using root = new Root();
  await root.leave("somebody-else");
  await Deno.writeTextFile(join(root.path, "remote-plugin-file"), "");
  await root.sweep();
  assertEquals(root.names(), ["remote-plugin-file", "somebody-else"]);
});

Deno.test("a sweep leaves a folder that is being made, and takes one whose making was cut short", async () => {
  await using root = new Root();
  await root.leave("remote-plugin-new", false);
  const old = await root.leave("remote-plugin-old", false);
  await Deno.utime(old, 0, 0);
  await root.sweep();
  assertEquals(root.names(), ["remote-plugin-new"]);
});

Deno.test("a sweep leaves a folder whose lock is no plain file", async () => {
  await using root = new Root();
  const path = await root.leave("remote-plugin-odd", false);
  await Deno.mkdir(join(path, "owner.lock"));
  await root.sweep();
  assertEquals(root.names(), ["remote-plugin-odd"]);
});

Deno.test("two sweeps at once do each other no harm", async () => {
  await using root = new Root();
  for (let i = 0; i < 20; i++) await root.leave(`remote-plugin-${i}`);
  await Promise.all([root.sweep(), root.sweep(), root.sweep()]);
  assertEquals(root.names(), []);
});

Deno.test("of very many folders one sweep looks at some, and further sweeps find the rest", async () => {
  await using root = new Root();
  for (let i = 0; i < 100; i++) await root.leave(`remote-plugin-${i}`);
  await root.sweep();
  const left = root.names().length;
  assert(left > 0 && left < 50, `${left} are left`);
  for (let sweeps = 0; sweeps < 5; sweeps++) await root.sweep();
  assertEquals(root.names(), []);
});
