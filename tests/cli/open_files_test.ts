import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { openFiles } from "../../src/process/open_files.ts";

/** More than a process leaves free between its open files. */
const MANY = 100;

Deno.test("files that are open count, and those that were closed do not", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const before = openFiles()!;
    const files = await Promise.all(Array.from({ length: MANY }, (_, index) => Deno.create(`${folder}/${index}`)));
    assertGreaterOrEqual(openFiles()!, MANY);
    for (const file of files) file.close();
    assertEquals(openFiles(), before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
