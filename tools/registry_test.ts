import { assertEquals, assertThrows } from "@std/assert";
import { copyPackage } from "./package_copy.ts";
import { folderUrl, ownNames, packagesOf, pathOf, readJson, registryFlags } from "./registry.ts";

Deno.test("both registries' maps know the same packages", () => {
  const jsr = Object.keys(packagesOf("jsr"));
  const adapted = ["deno-std/", "@sinonjs/fake-timers", "get-east-asian-width"];
  const npm = Object.keys(packagesOf("npm")).filter((name) => !adapted.includes(name));
  assertEquals(npm.map(packageOf).filter((name) => !jsr.includes(name)), []);
  assertEquals(jsr.filter((name) => !npm.map(packageOf).includes(name)), []);
});

Deno.test("the map for npm knows the package by the names that users import", () => {
  const map = Object.keys(readJson("tools/npm_imports.json").imports as Record<string, string>);
  assertEquals(map.filter((name) => name.startsWith("@remote-plugin/")).sort(), Object.keys(ownNames(folderUrl("/x"))).sort());
});

Deno.test("what the map for npm names comes from npm or from their adapters", () => {
  const packages = packagesOf("npm");
  assertEquals(packages["deno-std/"], "npm:/deno-std@1.4.0/");
  assertEquals(Object.values(packages).filter((target) => !/^(npm:|\.\/npm\/\w+\.ts$)/.test(target)), []);
});

Deno.test("a path and its URL name the same, with any characters", () => {
  const path = pathOf("docs/für 文.md");
  assertEquals(pathOf(folderUrl(path)).replace(/[\\/]$/, ""), path);
});

Deno.test("a copy of the package has what is published, and takes its packages from the registry", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await copyPackage(folder, "npm");
    const config = JSON.parse(await Deno.readTextFile(`${folder}/deno.json`));
    assertEquals(config.imports, packagesOf("npm"));
    assertEquals((await Deno.stat(`${folder}/src/errors.ts`)).isFile, true);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("on CI the lock file of a registry is frozen, and one that is missing is an error that says how to make it", () => {
  const before = Deno.env.get("CI");
  Deno.env.set("CI", "true");
  try {
    assertEquals(registryFlags("npm").includes("--frozen"), true);
    if (!hasLock("deno.lock")) assertThrows(() => registryFlags("jsr"), Error, '"deno.lock" is missing');
  } finally {
    if (before === undefined) Deno.env.delete("CI");
    else Deno.env.set("CI", before);
  }
});

function hasLock(name: string): boolean {
  return [...Deno.readDirSync(pathOf("./"))].some((entry) => entry.name === name);
}

/** `@std/fmt` of `@std/fmt/colors`, which `deno.json` needs no line of its own for. */
function packageOf(name: string): string {
  return name.startsWith("@std/") ? name.split("/").slice(0, 2).join("/") : name;
}
