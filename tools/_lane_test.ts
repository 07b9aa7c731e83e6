import { assert, assertEquals } from "@std/assert";
import { importsFor, npmPackages, readJson } from "./_lane.ts";

Deno.test("both lanes know the same names, and the package's own", () => {
  const own = Object.keys(readJson("deno.json").exports as object).map((key) => `@remote-plugin/proxy${key.slice(1)}`);
  const npm = Object.keys(importsFor("npm")).filter((name) => name !== "deno-std/").sort();
  assertEquals(npm, Object.keys(importsFor("jsr")).sort());
  assertEquals(own.filter((name) => !npm.includes(name)), []);
});

Deno.test("an import map for elsewhere has no relative paths", () => {
  for (const target of [...Object.values(importsFor("npm")), ...Object.values(importsFor("jsr"))]) {
    assert(/^(npm|jsr|file):/.test(target), target);
  }
});

Deno.test("the packages of the npm lane come from npm alone", () => {
  const packages = npmPackages();
  assertEquals(packages["@std/path"], "npm:deno-std@1.4.0/path/mod.js");
  assertEquals(Object.values(packages).filter((target) => !target.startsWith("npm:")), []);
});
