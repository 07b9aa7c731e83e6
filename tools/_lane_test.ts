import { assertEquals } from "@std/assert";
import { copyPackage, folderUrl, ownNames, packagesOf, pathOf, readJson } from "./_lane.ts";

Deno.test("both lanes know the same names, and the package's own", () => {
  const { "deno-std/": _, ...map } = readJson("tools/npm_imports.json").imports as Record<string, string>;
  const expected = [...Object.keys(packagesOf("jsr")), ...Object.keys(ownNames(folderUrl("/x")))];
  assertEquals(Object.keys(map).sort(), expected.sort());
});

Deno.test("the packages of the npm lane come from npm alone", () => {
  const packages = packagesOf("npm");
  assertEquals(packages["@std/path"], "npm:deno-std@1.4.0/path/mod.js");
  assertEquals(Object.values(packages).filter((target) => !target.startsWith("npm:")), []);
});

Deno.test("a path and its URL name the same, with any characters", () => {
  const path = pathOf("docs/für 文.md");
  assertEquals(pathOf(folderUrl(path)).replace(/[\\/]$/, ""), path);
});

Deno.test("a copy of the package has what is published, and takes its packages from the lane", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await copyPackage(folderUrl(folder), "npm");
    const config = JSON.parse(await Deno.readTextFile(`${folder}/deno.json`));
    assertEquals(config.imports, packagesOf("npm"));
    assertEquals((await Deno.stat(`${folder}/src/errors.ts`)).isFile, true);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
