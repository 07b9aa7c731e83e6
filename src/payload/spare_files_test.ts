import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { spy } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { FoundFile, sharedFolder } from "./found_file.ts";
import { SpareFiles, type SpareFilesOptions } from "./spare_files.ts";
import { Quota } from "./scratch.ts";

const MIB = 1024 * 1024;
const signal = new AbortController().signal;

/** A shared folder with spare files. */
class Place implements AsyncDisposable {
  readonly root = Deno.makeTempDirSync();
  readonly folders = [sharedFolder(this.root)];
  readonly quota = new Quota(1024 * MIB);
  readonly spares: SpareFiles;
  #next = 0;

  constructor(options: Partial<SpareFilesOptions> = {}) {
    this.spares = new SpareFiles({ folders: this.folders, quota: this.quota, isInUse: () => Promise.resolve(false), ...options });
  }

  path(): string {
    return join(this.root, String(this.#next++));
  }

  /** A sparse file. */
  async file(size: number): Promise<FoundFile> {
    const path = this.path();
    await Deno.writeFile(path, new Uint8Array(0));
    await Deno.truncate(path, size);
    return new FoundFile(path, this.folders, size);
  }

  async keep(...sizes: number[]): Promise<void> {
    for (const size of sizes) await this.spares.keep(await this.file(size), "in");
  }

  async take(size: number): Promise<number | undefined> {
    return (await this.spares.takeTo(this.path(), this.root, { size, signal }))?.size;
  }

  /** The sizes of the files that wait. */
  waiting(): number[] {
    const folder = join(this.root, "spare-in");
    return [...Deno.readDirSync(folder)].map(({ name }) => Deno.statSync(join(folder, name)).size).sort((a, b) => a - b);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.spares[Symbol.asyncDispose]();
    await Deno.remove(this.root, { recursive: true });
  }
}

Deno.test("the spare file of the nearest size is taken, but none of more than twice the size", async () => {
  await using place = new Place();
  await place.keep(2 * MIB, 8 * MIB, 3 * MIB);
  assertEquals([await place.take(3 * MIB + 1), await place.take(3 * MIB), await place.take(3 * MIB)], [3 * MIB, 2 * MIB, undefined]);
  assertEquals(place.waiting(), [8 * MIB]);
});

Deno.test("a file that somebody has open is given up, and the next one is taken", async () => {
  const asked: string[] = [];
  await using place = new Place({ isInUse: (path) => Promise.resolve(asked.push(path) === 1) });
  await place.keep(2 * MIB, 3 * MIB);
  assertEquals([await place.take(2 * MIB), asked.length, place.waiting()], [3 * MIB, 2, []]);
});

Deno.test("a file that has gone is not missed", async () => {
  await using place = new Place({ isInUse: async (path) => (await Deno.remove(path), false) });
  await place.keep(2 * MIB);
  assertEquals(await place.take(2 * MIB), undefined);
});

Deno.test("the oldest give way to new ones beyond 256 MiB, small and huge ones are removed at once", async () => {
  await using place = new Place();
  using removals = spy(Deno, "remove");
  await place.keep(100 * MIB, 101 * MIB, 102 * MIB, 257 * MIB, MIB - 1);
  await Promise.all(removals.calls.map(({ returned }) => returned));
  assertEquals(place.waiting(), [101 * MIB, 102 * MIB]);
});

Deno.test("spare files count as used, and are removed when they have waited too long", async () => {
  await using place = new Place();
  using time = new FakeTime();
  using drop = spy(place.spares, "drop");
  place.quota.reserve(1021 * MIB);
  await place.keep(2 * MIB);
  time.tick(9_999);
  await place.keep(MIB);
  time.tick(9_999);
  assertEquals([drop.calls.length, place.waiting()], [0, [MIB, 2 * MIB]]);
  time.tick(1);
  await drop.calls[0]!.returned;
  assertEquals(place.waiting(), []);
  place.quota.reserve(3 * MIB); // It would throw if they counted still.
  let wasShort = false;
  place.quota.onShort = () => {
    wasShort = true;
    place.quota.release(MIB);
  };
  place.quota.reserve(MIB);
  assert(wasShort);
});

Deno.test("what is closed keeps no file", async () => {
  await using place = new Place();
  await place.keep(2 * MIB);
  await place.spares[Symbol.asyncDispose]();
  assertEquals(place.waiting(), []);
  await place.keep(2 * MIB);
  assertEquals(place.waiting(), []);
});
