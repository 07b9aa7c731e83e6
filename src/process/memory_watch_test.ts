import { assertEquals } from "@std/assert";
import { dirname } from "@std/path";
import { MemoryWatch } from "./memory_watch.ts";

/** Where Linux counts the processes that it has killed for want of memory, in one of its ways, and what a process's groups are called then. */
const COUNTERS: readonly (readonly [what: string, path: string, groups: string])[] = [
  ["the unified control groups", "sys/fs/cgroup/a/b/memory.events", "0::/a/b\n"],
  ["a container whose group is its root", "sys/fs/cgroup/memory.events", "0::/a/b\n"],
  ["the control groups of old", "sys/fs/cgroup/memory/a/memory.oom_control", "4:memory:/a\n0::/\n"],
  ["the whole system", "proc/vmstat", ""],
];

for (const [what, path, groups] of COUNTERS) {
  Deno.test(`the count of ${what} tells an end for want of memory`, async () => {
    const root = await Deno.makeTempDir();
    try {
      for (const folder of [dirname(path), "proc/self"]) await Deno.mkdir(`${root}/${folder}`, { recursive: true });
      await Deno.writeTextFile(`${root}/proc/self/cgroup`, groups);
      await Deno.writeTextFile(`${root}/${path}`, "oom 1\noom_kill 3\n");
      const watch = MemoryWatch.within(root);
      assertEquals(await watch.somebodyWasKilled(), false);
      await Deno.writeTextFile(`${root}/${path}`, "oom 1\noom_kill 4\n");
      assertEquals(await watch.somebodyWasKilled(), true);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}

Deno.test("where nothing is counted, or the count goes, no end is one for want of memory", async () => {
  const root = await Deno.makeTempDir();
  const nothing = MemoryWatch.within(root);
  assertEquals(await nothing.somebodyWasKilled(), false);
  await Deno.mkdir(`${root}/proc`);
  await Deno.writeTextFile(`${root}/proc/vmstat`, "oom_kill 3\n");
  const gone = MemoryWatch.within(root);
  assertEquals(await gone.somebodyWasKilled(), false);
  await Deno.remove(root, { recursive: true });
  assertEquals(await gone.somebodyWasKilled(), false);
});
