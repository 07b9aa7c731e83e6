import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError, type FileResult, RemoteError } from "@remote-plugin/proxy";
import { filesBelow, sharedFiles } from "../support/files.ts";
import { BOTH, startFixture } from "../support/fixture_proxy.ts";

const MIB = 1024 * 1024;

/** A file system of its own with little room. Only root may mount one. */
class SmallDisk implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async mount(): Promise<SmallDisk | undefined> {
    const path = await Deno.makeTempDir({ prefix: "small-" });
    if (await run("mount", "-t", "tmpfs", "-o", "size=4m", "small", path)) return new SmallDisk(path);
    await Deno.remove(path);
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.path);
    await Deno.remove(this.path);
  }
}

async function run(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** Whether one can be had here; it is tried, for containers forbid it to root as well. */
const canMount = await SmallDisk.mount().then((disk) => disk?.[Symbol.asyncDispose]().then(() => true) ?? false);

for (const face of BOTH) {
  Deno.test({
    name: `${face.worker}: a full disk is told of in both directions, leaves nothing, and the plugin goes on`,
    ignore: !canMount,
    async fn() {
      await using disk = (await SmallDisk.mount())!;
      await using plugin = await startFixture(face, "hands_over", { scratchDir: disk.path });
      const error = await assertRejects(() => plugin.execute({ data: new Uint8Array(5 * MIB) }), CallError);
      assertEquals(error.code, "no_room");
      assertStringIncludes(error.message, `the file system of "${plugin.endpoint!.scratch!.disk}" is full`);
      const stream = new Blob([new Uint8Array(5 * MIB)]).stream();
      assertEquals((await assertRejects(() => plugin.execute({ stream }), CallError)).code, "no_room");
      const remote = await assertRejects(() => plugin.execute({ action: "give", size: 5 * MIB }), RemoteError);
      assertStringIncludes(remote.message, "is full");
      assertEquals([remote.category, remote.retriable], ["resource", true]);
      for (let again = 0; again < 3; again++) {
        await using result = await plugin.execute<FileResult>({ action: "give", size: 2 * MIB });
        assertEquals((await result.bytes()).length, 2 * MIB);
      }
      assertEquals(sharedFiles(disk.path), []);
      await plugin.cleanup();
      assertEquals(filesBelow(disk.path), []);
    },
  });
}
