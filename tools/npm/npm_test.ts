/**
 * What the adapters for npm promise. The same holds for the packages from JSR, as `deno task test --registry jsr` finds.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { unicodeWidth } from "@std/cli";
import { copy, emptyDir, ensureDir, exists, existsSync, walk } from "@std/fs";
import { join } from "@std/path";
import { spy, stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";

Deno.test("a file or folder exists, and is what was asked for", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "a"), "");
    assertEquals(await exists(join(folder, "a"), { isFile: true }), true);
    assertEquals(await exists(join(folder, "a"), { isDirectory: true }), false);
    assertEquals(existsSync(join(folder, "a")), true);
    assertEquals(existsSync(join(folder, "b")), false);
  }));

Deno.test("a folder is copied with all that is in it, and not over another", () =>
  inFolder(async (folder) => {
    const [source, target] = [join(folder, "source"), join(folder, "target")];
    await ensureDir(join(source, "deep"));
    await Deno.writeTextFile(join(source, "deep", "a"), "text");
    await copy(source, target);
    assertEquals(await Deno.readTextFile(join(target, "deep", "a")), "text");
    await assertRejects(() => copy(source, target), Deno.errors.AlreadyExists);
    await copy(source, target, { overwrite: true });
    await assertRejects(() => copy(source, join(source, "deep", "own")), Error);
  }));

Deno.test("a folder is emptied, or made when it is not there", () =>
  inFolder(async (folder) => {
    await ensureDir(join(folder, "a", "b"));
    await emptyDir(join(folder, "a"));
    await emptyDir(join(folder, "c"));
    assertEquals(await entries(folder), ["", "a", "c"]);
  }));

Deno.test("a walk gives what is asked for, and leaves out what is skipped, with all that is in it", () =>
  inFolder(async (folder) => {
    await ensureDir(join(folder, "a", "deep"));
    await ensureDir(join(folder, "skipped"));
    for (const name of ["x.ts", "y.md", "a/z.ts", "a/deep/w.ts", "skipped/v.ts"]) await Deno.writeTextFile(join(folder, name), "");
    assertEquals(await entries(folder, { exts: ["ts"], includeDirs: false, skip: [/skipped/] }), ["a/deep/w.ts", "a/z.ts", "x.ts"]);
    assertEquals(await entries(folder, { maxDepth: 1 }), ["", "a", "skipped", "x.ts", "y.md"]);
    assertEquals(await entries(folder, { includeFiles: false }), ["", "a", "a/deep", "skipped"]);
  }));

Deno.test("fake time stands still but for its ticks, and real time goes on when it is given back", async () => {
  const before = { setTimeout, Date, timeout: AbortSignal.timeout };
  {
    using time = new FakeTime(1_000);
    const rung = spy();
    setTimeout(rung, 50);
    const signal = AbortSignal.timeout(80);
    const interval = setInterval(rung, 40);
    await time.tickAsync(79);
    assertEquals([rung.calls.length, signal.aborted, Date.now()], [2, false, 1_079]);
    time.tick(1);
    assertEquals([rung.calls.length, signal.aborted, time.now], [3, true, 1_080]);
    clearInterval(interval);
    assertEquals([time.next(), time.start], [false, 1_000]);
  }
  assertEquals({ setTimeout, Date, timeout: AbortSignal.timeout }, before);
});

Deno.test("a spy tells its calls, what they gave and what they threw", () => {
  const half = spy((value: number) => {
    if (value % 2 === 1) throw new RangeError("odd");
    return value / 2;
  });
  half(4);
  try {
    half(3);
  } catch {
    // It is told below.
  }
  assertEquals([half.calls.length, half.calls[0]?.args, half.calls[0]?.returned], [2, [4], 2]);
  assertEquals(half.calls[1]?.error?.message, "odd");
});

Deno.test("a stub stands in the place of a method until it is disposed of", () => {
  const clock = { now: (): number => 1 };
  {
    using faked = stub(clock, "now", () => 7);
    assertEquals(clock.now(), 7);
    assertEquals(faked.calls.length, 1);
  }
  {
    using seen = spy(clock, "now");
    assertEquals([clock.now(), seen.calls.length], [1, 1]);
  }
  assertEquals(clock.now(), 1);
});

Deno.test("a wide character takes two columns, and a mark on another none", () => {
  assertEquals(["abc", "日本", "e\u0301", "🦕"].map(unicodeWidth), [3, 4, 1, 2]);
});

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The paths below a folder, with slashes, sorted. */
async function entries(folder: string, options: Parameters<typeof walk>[1] = {}): Promise<string[]> {
  const paths = await Array.fromAsync(walk(folder, options), ({ path }) => path.slice(folder.length + 1).replaceAll("\\", "/"));
  return paths.sort();
}
