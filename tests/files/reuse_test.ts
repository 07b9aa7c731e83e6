import { assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { CallError, type FileResult, ProtocolError, type RemotePluginProxy } from "@remote-plugin/proxy";
import { filesBelow } from "../support/files.ts";
import { sha1 } from "../support/bytes.ts";
import { within } from "../support/guard.ts";
import { BOTH, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";

/** Only Linux tells whether anybody has a file open, and only Python can ask it. */
const ignore = Deno.build.os !== "linux";

const MIB = 1024 * 1024;

interface Seen {
  readonly path: string;
  readonly inode: number;
  readonly sha1: string;
}

function filled(size: number, byte: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).fill(byte);
}

/** A plugin that keeps files, in a folder that must be empty at the end. */
class Keeper implements AsyncDisposable {
  readonly plugin: RemotePluginProxy;
  readonly scratch: string;
  readonly #watch: ScratchWatch;

  private constructor(plugin: RemotePluginProxy, watch: ScratchWatch) {
    this.plugin = plugin;
    this.scratch = plugin.endpoint!.scratch!.disk;
    this.#watch = watch;
  }

  static async start(scratchQuota?: number): Promise<Keeper> {
    const watch = await ScratchWatch.create();
    return new Keeper(await startFixture(BOTH[0]!, "keeps_files", { scratchDir: watch.path, scratchQuota }), watch);
  }

  /** Gives the plugin so many bytes. */
  look(size: number, byte: number): Promise<Seen> {
    return this.plugin.execute<Seen>({ action: "look", data: filled(size, byte) });
  }

  /** Takes so many bytes from the plugin. */
  give(size: number, byte: number): Promise<FileResult> {
    return this.plugin.execute<FileResult>({ action: "give", size, byte });
  }

  spares(): string[] {
    return filesBelow(this.scratch).filter((path) => path.includes("/spare-"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plugin.cleanup();
    await this.#watch[Symbol.asyncDispose]();
  }
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

test("an input's file is written again by the next call, under another name and whatever its size", async () => {
  await using keeper = await Keeper.start();
  const first = await keeper.look(2 * MIB, 1);
  for (const [size, byte] of [[2 * MIB, 2], [MIB + 1, 3], [2 * MIB - 1, 4], [3 * MIB, 5]] as const) {
    const next = await keeper.look(size, byte);
    assertEquals([next.inode, next.sha1], [first.inode, await sha1(filled(size, byte))]);
    assertNotEquals(next.path, first.path);
  }
  assertEquals(keeper.spares().length, 1);
});

test("a result's file is written again by the next call, whatever its size", async () => {
  await using keeper = await Keeper.start();
  const inodes = new Set<number | null>();
  for (const [size, byte] of [[2 * MIB, 2], [MIB + 1, 3], [2 * MIB - 1, 4], [3 * MIB, 5]] as const) {
    await using result = await keeper.give(size, byte);
    inodes.add((await Deno.stat(result.path)).ino);
    assertEquals(await result.bytes(), filled(size, byte));
  }
  assertEquals([inodes.size, keeper.spares().length], [1, 1]);
});

test("a value of another size by far, or below 1 MiB, gets a new file", async () => {
  await using keeper = await Keeper.start();
  const big = await keeper.look(4 * MIB, 1);
  const small = await keeper.look(MIB, 2);
  const tiny = await keeper.look(MIB - 1, 3);
  assertEquals(new Set([big, small, tiny].map(({ inode }) => inode)).size, 3);
});

for (const how of ["descriptor", "mapping", "link", "child"]) {
  test(`a plugin that keeps an input by a ${how} finds in it what it was given, for as long as it likes`, async () => {
    await using keeper = await Keeper.start();
    await keeper.plugin.execute({ action: "keep", how, data: filled(2 * MIB, 1) });
    await keeper.look(2 * MIB, 2);
    await keeper.look(2 * MIB, 3);
    assertEquals(await keeper.plugin.execute({ action: "kept" }), await sha1(filled(2 * MIB, 1)));
  });
}

test("a host that keeps a disposed result open finds in it what it was given", async () => {
  await using keeper = await Keeper.start();
  const result = await keeper.give(2 * MIB, 1);
  using kept = await Deno.open(result.path);
  await result[Symbol.asyncDispose]();
  await using second = await keeper.give(2 * MIB, 2);
  assertEquals(await second.bytes(), filled(2 * MIB, 2));
  const bytes = new Uint8Array(2 * MIB);
  for (let read = 0; read < bytes.length;) read += (await kept.read(bytes.subarray(read)))!;
  assertEquals(bytes, filled(2 * MIB, 1));
});

test("a result's bytes can be read into memory that is there", async () => {
  await using keeper = await Keeper.start();
  for (const size of [10, 2 * MIB, 9 * MIB + 1]) {
    const into = filled(9 * MIB + 2, 7);
    await using result = await keeper.give(size, 1);
    const bytes = await result.bytes({ into });
    assertEquals([bytes.buffer === into.buffer, bytes.length, bytes.every((byte) => byte === 1), into[size]], [true, size, true, 7]);
    await assertRejects(() => result.bytes({ into: new Uint8Array(size - 1) }), RangeError, `${size} bytes do not fit into ${size - 1}`);
  }
});

test("spare files give way to values that need their room, on both sides", async () => {
  await using keeper = await Keeper.start(5 * MIB);
  await keeper.look(2 * MIB, 1);
  await (await keeper.give(2 * MIB, 1))[Symbol.asyncDispose]();
  assertEquals(keeper.spares().length, 2);
  await keeper.look(5 * MIB, 2);
  await (await keeper.give(5 * MIB, 2))[Symbol.asyncDispose]();
  assertEquals((await assertRejects(() => keeper.look(5 * MIB + 1, 3), CallError)).code, "no_room");
});

/** A file that no worker may get at, in a folder of its own. */
async function secretFile(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await Deno.makeTempDir({ prefix: "secret-" });
  const path = join(folder, "secret.txt");
  await Deno.writeTextFile(path, "secret");
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

for (const how of ["a symbolic link", "a hard link", "a FIFO", "a folder", "another file of that size", "longer content"]) {
  test(`a worker that puts ${how} into a spare file's place is a ProtocolError, and nothing is written`, async () => {
    await using keeper = await Keeper.start();
    await using secret = await secretFile();
    await keeper.look(2 * MIB, 1);
    await keeper.plugin.execute({ action: "swap", folder: join(keeper.scratch, "spare-in"), how, target: secret.path });
    await assertRejects(() => within(keeper.look(2 * MIB, 2), "the refusal"), ProtocolError);
    assertEquals(await Deno.readTextFile(secret.path), "secret");
  });
}

test("a worker that puts a link into the place of a folder for spare files gets none, and nothing elsewhere is touched", async () => {
  await using keeper = await Keeper.start();
  await using secret = await secretFile();
  await (await keeper.give(2 * MIB, 1))[Symbol.asyncDispose]();
  const result = await keeper.give(3 * MIB, 2);
  const spare = join(keeper.scratch, "spare-out");
  await new Deno.Command("rm", { args: ["-r", spare] }).output();
  await new Deno.Command("ln", { args: ["-s", dirname(secret.path), spare] }).output();
  const error = await assertRejects(() => result[Symbol.asyncDispose](), ProtocolError);
  assertStringIncludes(error.message, "a link stands in the place of");
  assertEquals([...Deno.readDirSync(dirname(secret.path))].map(({ name }) => name), ["secret.txt"]);
});

test("a worker that puts a link into the place of a call's folder makes the host write nothing elsewhere", async () => {
  await using keeper = await Keeper.start();
  await using secret = await secretFile();
  const swap = async () => {
    const [folder] = Deno.readDirSync(join(keeper.scratch, "in"));
    const path = join(keeper.scratch, "in", folder!.name);
    await Deno.rename(path, `${path}-moved`);
    await new Deno.Command("ln", { args: ["-s", dirname(secret.path), path] }).output();
  };
  // While the first of them is written, the folder for both is replaced.
  const stream = new ReadableStream<Uint8Array>({ pull: async (controller) => (await swap(), controller.close()) }, { highWaterMark: 0 });
  const error = await assertRejects(() => keeper.plugin.execute({ action: "look", stream, data: filled(10, 1) }), ProtocolError);
  assertStringIncludes(error.message, "a link stands in the place of");
  assertEquals([...Deno.readDirSync(dirname(secret.path))].map(({ name }) => name), ["secret.txt"]);
});
