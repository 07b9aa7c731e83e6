import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError, type FileResult, RemoteError } from "@remote-plugin/proxy";
import { filesBelow, sharedFiles } from "../support/files.ts";
import { BOTH, startFixture } from "../support/fixture_proxy.ts";
import { CAN_MOUNT, SmallDisk } from "../support/small_disk.ts";

const MIB = 1024 * 1024;

for (const face of BOTH) {
  Deno.test({
    name: `${face.worker}: a full disk is told of in both directions, leaves nothing, and the plugin goes on`,
    ignore: !CAN_MOUNT,
    async fn() {
      await using disk = (await SmallDisk.mount("size=4m"))!;
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
