import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { FileResult } from "@remote-plugin/proxy";
import { BOTH_WIRES, labelOf, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";

for (const face of BOTH_WIRES.filter(({ worker }) => worker === "deno")) {
  Deno.test(`${labelOf(face)}: a plugin with nothing granted makes no link, reads and writes nothing elsewhere, and changes no input`, async () => {
    await using scratch = await ScratchWatch.create();
    await using plugin = await startFixture(face, "links_by_wasi", { scratchDir: scratch.path });
    const elsewhere = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(join(elsewhere, "secret"), "as it was");
      const input = new TextEncoder().encode("the input");
      await using done = await plugin.execute<FileResult>({ input, elsewhere });
      assertEquals(JSON.parse(new TextDecoder().decode(await done.bytes())), ["the input"]);
      assertEquals(await Deno.readTextFile(join(elsewhere, "secret")), "as it was");
    } finally {
      await Deno.remove(elsewhere, { recursive: true });
    }
  });
}
