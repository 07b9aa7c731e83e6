import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError, RemotePluginProxy } from "@remote-plugin/proxy";
import { parseAddress } from "../../src/protocol/address.ts";
import { PARTS_HEADER } from "../../src/protocol/parts.ts";
import { pattern } from "../support/bytes.ts";
import { filesBelow, sharedFiles } from "../support/files.ts";
import { BOTH_WIRES, labelOf, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";
import { eventually } from "../support/guard.ts";
import type { Described } from "../support/handed_over.ts";
import { RawConnection } from "../support/raw_http.ts";
import { CAN_MOUNT, SmallDisk } from "../support/small_disk.ts";

type Seen = Record<string, Described>;

const MIB = 1024 * 1024;

for (const face of BOTH_WIRES) {
  const label = labelOf(face);

  Deno.test(`${label}: an attached host is told when the worker's quota has no room for its files, and the plugin goes on`, async () => {
    await using scratch = await ScratchWatch.create();
    await using own = await startFixture(face, "hands_over", { scratchDir: scratch.path, scratchQuota: 250_000 });
    const { url, token } = own.endpoint!;
    await using plugin = await RemotePluginProxy.attach({ url, token }, { upgrade: face.upgrade });
    for (const data of [() => pattern(250_001), () => new Blob([pattern(250_001)]).stream(), () => new Uint8Array(20 * MIB)]) {
      const error = await assertRejects(() => plugin.execute({ data: data() }), CallError);
      assertEquals(error.code, "no_room");
      assertStringIncludes(error.message, "quota");
      await eventually(() => sharedFiles(scratch.path).length === 0, "the end of the files");
      assertEquals((await plugin.execute<Seen>({ data: pattern(250_000) })).data!.size, 250_000);
      await eventually(() => sharedFiles(scratch.path).length === 0, "the end of the files");
    }
  });

  Deno.test({
    name: `${label}: an attached host is told when the worker's disk is full, and the plugin goes on`,
    ignore: !CAN_MOUNT,
    async fn() {
      await using disk = (await SmallDisk.mount("size=4m"))!;
      await using own = await startFixture(face, "hands_over", { scratchDir: disk.path });
      const { url, token } = own.endpoint!;
      await using plugin = await RemotePluginProxy.attach({ url, token }, { upgrade: face.upgrade });
      const error = await assertRejects(() => plugin.execute({ data: new Uint8Array(5 * MIB) }), CallError);
      assertEquals(error.code, "no_room");
      assertStringIncludes(error.message, "is full");
      assertEquals((await plugin.execute<Seen>({ data: new Uint8Array(2 * MIB) })).data!.size, 2 * MIB);
      await eventually(() => sharedFiles(disk.path).length === 0, "the end of the files");
      await own.cleanup();
      assertEquals(filesBelow(disk.path), []);
    },
  });

  Deno.test(`${label}: a client that goes away in the middle of its files leaves none, and the plugin has not begun`, async () => {
    await using scratch = await ScratchWatch.create();
    await using own = await startFixture(face, "hands_over", { scratchDir: scratch.path });
    const { url, token } = own.endpoint!;
    const json = JSON.stringify({ parts: [{ at: "/kwargs/data", size: 1000 }], body: { kwargs: { data: null } } });
    const head = [
      "POST /execute HTTP/1.1",
      "Host: localhost",
      `Authorization: Bearer ${token}`,
      `${PARTS_HEADER}: ${json.length}`,
      `Content-Length: ${json.length + 1000}`,
    ];
    {
      using client = await RawConnection.open(parseAddress(url)!);
      await client.write(`${head.join("\r\n")}\r\n\r\n${json}${"x".repeat(999)}`);
      await eventually(() => sharedFiles(scratch.path).length === 1, "a part of the file");
    }
    await eventually(() => sharedFiles(scratch.path).length === 0, "the end of the file");
    assertEquals((await own.getStats()).calls.finished, 0);
    assertEquals((await own.execute<Seen>({ data: pattern(9) })).data!.size, 9);
  });
}
