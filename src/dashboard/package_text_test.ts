import { assertEquals } from "@std/assert";
import { PACKAGE_RELEASES } from "./package_text.ts";

Deno.test("pages take the releases whose hashes are in the lock file", async () => {
  for (const file of ["deno.json", "tools/npm_imports.json"]) {
    const { imports } = JSON.parse(await Deno.readTextFile(new URL(`../../${file}`, import.meta.url)));
    const mapped = Object.keys(PACKAGE_RELEASES).map((name) => [name, imports[name]]);
    assertEquals(mapped, Object.entries(PACKAGE_RELEASES).map(([name, release]) => [name, `npm:${name}@${release}`]));
  }
});
