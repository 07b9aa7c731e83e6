import { assertEquals } from "@std/assert";
import { openFiles } from "../../src/process/open_files.ts";

Deno.test("each file that is open counts, and one that was closed does not", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const before = openFiles()!;
    const files = await Promise.all(["a", "b", "c"].map((name) => Deno.create(`${folder}/${name}`)));
    assertEquals(openFiles()! - before, 3);
    for (const file of files) file.close();
    assertEquals(openFiles(), before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
