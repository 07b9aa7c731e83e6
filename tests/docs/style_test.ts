import { assert, assertEquals } from "@std/assert";
import { walk } from "@std/fs";
import { relative } from "@std/path";
import { tooLong } from "../../tools/page_style.ts";
import { pathOf } from "../../tools/registry.ts";

const PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ...await pagesIn("docs")];

async function pagesIn(folder: string): Promise<string[]> {
  const found = walk(pathOf(folder), { exts: ["md"], includeDirs: false });
  return (await Array.fromAsync(found, ({ path }) => relative(pathOf("./"), path).replaceAll("\\", "/"))).sort();
}

Deno.test("README.md is read to its end: it has 220 lines at most", async () => {
  const lines = (await Deno.readTextFile(pathOf("README.md"))).trimEnd().split("\n").length;
  assert(lines <= 220, `it has ${lines}`);
});

for (const page of PAGES) {
  Deno.test(`${page} has no line and no cell that is too long`, async () => {
    assertEquals(tooLong(await Deno.readTextFile(pathOf(page))), []);
  });
}
