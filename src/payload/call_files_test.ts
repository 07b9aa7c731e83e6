import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { fromFileUrl, join, toFileUrl } from "@std/path";
import { spy, stub } from "@std/testing/mock";
import { pattern } from "../../tests/support/bytes.ts";
import { Shared } from "../../tests/support/shared_folder.ts";
import { CallFiles, SourceError } from "./call_files.ts";
import { ForeignFileError } from "./found_file.ts";
import { ContentFile } from "./ready_made.ts";
import { NoRoomError, Quota } from "./scratch.ts";
import { SpareFiles } from "./spare_files.ts";

const MIB = 1024 * 1024;

/** A shared folder, in which calls get files. */
class Calls extends Shared {
  readonly quota = new Quota(10 * MIB);
  readonly abort = new AbortController();
  readonly spares = new SpareFiles({ folders: this.folders, quota: this.quota, isInUse: () => Promise.resolve(false) });

  open(spares?: SpareFiles): CallFiles {
    const { quota, abort } = this;
    return new CallFiles({ folders: { disk: this.path, memory: undefined }, shared: this.folders, quota, spares }, abort.signal);
  }

  /** How many more bytes the quota has room for. */
  get room(): number {
    for (let bytes = 10 * MIB;; bytes--) {
      try {
        this.quota.reserve(bytes);
        this.quota.release(bytes);
        return bytes;
      } catch {
        // It is less.
      }
    }
  }

  /** The names of the files of all calls. */
  inputs(): string[] {
    const folder = join(this.path, "in");
    return [...Deno.readDirSync(folder)].flatMap(({ name }) => [...Deno.readDirSync(join(folder, name))].map((file) => file.name));
  }
}

/** A stream that gives these bytes, and then stands still. */
function standingStill(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(bytes), pull: () => new Promise(() => {}) });
}

function failsAfter(bytes: Uint8Array, error: Error): ReadableStream<Uint8Array> {
  return ReadableStream.from((async function* () {
    yield await Promise.resolve(bytes);
    throw error;
  })());
}

Deno.test("what becomes a file is there until its call has ended, counts as long, and nothing is made before it is needed", async () => {
  await using calls = new Calls();
  const files = calls.open();
  assertEquals(calls.names(), []);
  const sources = [pattern(5), pattern(6).buffer, new Blob([pattern(7)]), new Blob([pattern(8)]).stream(), new DataView(pattern(9).buffer)];
  const paths = await Promise.all(sources.map((source) => files.write(source)));
  assertEquals(await Promise.all(paths.map((path) => Deno.readFile(path))), [5, 6, 7, 8, 9].map(pattern));
  assertEquals([new Set(paths).size, files.bytes, calls.room], [5, 35, 10 * MIB - 35]);
  await files[Symbol.asyncDispose]();
  await files[Symbol.asyncDispose]();
  assertEquals([calls.inputs(), files.bytes, calls.room], [[], 0, 10 * MIB]);
});

Deno.test("the URL of a file is that file, which stays", async () => {
  await using calls = new Calls();
  const own = toFileUrl(calls.write("own", pattern(3)));
  {
    await using files = calls.open();
    assertEquals([await files.write(own), files.bytes], [fromFileUrl(own), 0]);
  }
  assertEquals(calls.names(), ["own"]);
});

Deno.test("a value for which there is no room says so before it is written, a stream when it comes to it, and both leave nothing", async () => {
  await using calls = new Calls();
  const files = calls.open();
  await assertRejects(() => files.write(pattern(10 * MIB + 1)), NoRoomError, "10485761 bytes do not fit into the quota of 10485760");
  await assertRejects(() => files.write(new Blob([pattern(8 * MIB), pattern(3 * MIB)]).stream()), NoRoomError, "are in use");
  await files[Symbol.asyncDispose]();
  assertEquals([calls.inputs(), calls.room], [[], 10 * MIB]);
});

Deno.test("a disk that is full is no room, and gives up the spare files", async () => {
  await using calls = new Calls();
  await using files = calls.open(calls.spares);
  using drop = spy(calls.spares, "drop");
  const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
  const next = (): never => {
    throw full;
  };
  const parts = { [Symbol.iterator]: () => ({ next }) };
  const content = new ContentFile({ parts, size: undefined, extension: ".bin", mediaType: "x/y" });
  const error = await assertRejects(() => files.write(content), NoRoomError, `the file system of "${calls.path}" is full`);
  assertEquals([error.cause, drop.calls.length], [full, 1]);
});

Deno.test("an error of what gives the bytes is told from all others", async () => {
  await using calls = new Calls();
  await using files = calls.open();
  const cause = new Error("the client has left");
  for (const source of [failsAfter(pattern(3), cause), { toTempFile: () => Promise.reject(cause) }]) {
    const error = await assertRejects(() => files.write(source), SourceError, "the client has left");
    assertStrictEquals(error.cause, cause);
  }
  await assertRejects(() => files.write({ toTempFile: () => Promise.resolve(5) }), TypeError, "gave no path, but number");
  await assertRejects(() => files.write(ReadableStream.from([5])), TypeError, "must give bytes");
});

Deno.test("an object that writes itself does so in the call's folder, and its file goes with the call", async () => {
  await using calls = new Calls();
  const files = calls.open();
  const path = await files.write({
    toTempFile: async (dir: string) => {
      await Deno.writeFile(join(dir, "own.txt"), pattern(3));
      return join(dir, "own.txt");
    },
  });
  assertEquals([await Deno.readFile(path), calls.inputs()], [pattern(3), ["own.txt"]]);
  await files[Symbol.asyncDispose]();
  assertEquals(calls.inputs(), []);
});

Deno.test("a call that is given up waits neither for a stream that stands still nor for an object that never writes itself", async () => {
  await using calls = new Calls();
  const files = calls.open();
  const reason = new Error("enough");
  const sources = [standingStill(pattern(3)), { toTempFile: () => new Promise<string>(() => {}) }];
  const waiting = sources.map((source) => assertRejects(() => files.write(source), Error));
  calls.abort.abort(reason);
  // The stream's own error is the reason for which it was given up.
  for (const error of await Promise.all(waiting)) assertStrictEquals(error.cause ?? error, reason);
  assertStrictEquals(await assertRejects(() => files.write(pattern(1))), reason);
  await files[Symbol.asyncDispose]();
  assertEquals([calls.inputs(), calls.room], [[], 10 * MIB]);
});

Deno.test("the file of an input is written again by the next call, and cut to what that has", async () => {
  await using calls = new Calls();
  await using _spares = calls.spares;
  const first = calls.open(calls.spares);
  const { ino } = await Deno.stat(await first.write(pattern(2 * MIB)));
  await first[Symbol.asyncDispose]();
  await using second = calls.open(calls.spares);
  const path = await second.write(pattern(MIB + 1));
  assertEquals([(await Deno.stat(path)).ino, await Deno.readFile(path)], [ino, pattern(MIB + 1)]);
});

Deno.test("an input that its plugin has put another one in the place of is left to the end of the call's folder", async () => {
  await using calls = new Calls();
  await using _spares = calls.spares;
  const files = calls.open(calls.spares);
  const path = await files.write(pattern(MIB));
  await Deno.writeFile(`${path}.new`, pattern(MIB + 1));
  await Deno.rename(`${path}.new`, path);
  await files[Symbol.asyncDispose]();
  assertEquals([calls.inputs(), calls.names()], [[], ["in"]]);
});

Deno.test("nothing is written through a link that has taken the place of the folder for inputs", async () => {
  await using calls = new Calls();
  const files = calls.open();
  {
    using _link = stub(Deno, "realPathSync", () => "/elsewhere");
    await assertRejects(() => files.write(pattern(3)), ForeignFileError, "a link stands in the place of");
  }
  await files[Symbol.asyncDispose]();
  assertEquals(calls.inputs(), []);
});

Deno.test("nothing is written to another file than the one that was made", async () => {
  await using calls = new Calls();
  await using files = calls.open();
  const other = calls.write("other", pattern(1));
  const open = Deno.openSync.bind(Deno);
  using _open = stub(Deno, "openSync", (path, options) => {
    const made = open(path, options);
    Deno.renameSync(other, path);
    return made;
  });
  assertEquals(await Deno.readFile(await files.write(pattern(3))), pattern(1));
});

Deno.test("a small input is removed with its folder, and a folder in which its plugin has put more is, too", async () => {
  await using calls = new Calls();
  for (const more of [false, true]) {
    const files = calls.open();
    const path = await files.write(pattern(3));
    if (more) await Deno.writeFile(`${path}.more`, pattern(1));
    await files[Symbol.asyncDispose]();
    assertEquals([calls.inputs(), calls.names()], [[], ["in"]]);
  }
});
