import { assertEquals, assertThrows } from "@std/assert";
import { copyPackage, folderUrl, laneFlags, ownNames, packagesOf, pathOf, readJson } from "./lane.ts";

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

Deno.test("on CI the lock file of a lane is frozen, and one that is missing is an error that says how to make it", () => {
  const before = Deno.env.get("CI");
  Deno.env.set("CI", "true");
  try {
    assertEquals(laneFlags("npm").includes("--frozen"), true);
    if (!hasLock("deno.lock")) assertThrows(() => laneFlags("jsr"), Error, '"deno.lock" is missing');
  } finally {
    if (before === undefined) Deno.env.delete("CI");
    else Deno.env.set("CI", before);
  }
});

function hasLock(name: string): boolean {
  return [...Deno.readDirSync(pathOf("./"))].some((entry) => entry.name === name);
}
