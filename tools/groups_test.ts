import { assert, assertEquals } from "@std/assert";
import { filesOf, type Group, GROUPS, type Places } from "./groups.ts";

const PLACES: Places = { repo: "/repo", temp: "/temp", deno: "/bin/deno", python: "/bin/python3" };

function group(name: string): Group {
  const found = GROUPS.find((group) => group.name === name);
  if (found === undefined) throw new Error(`There is no group "${name}"`);
  return found;
}

Deno.test("no group has all permissions, or may read or write everywhere", () => {
  const wide = ["-A", "--allow-all", "--allow-read", "--allow-write", "--allow-sys", "--allow-import"];
  assertEquals(GROUPS.flatMap(({ flags }) => flags(PLACES)).filter((flag) => wide.includes(flag)), []);
});

Deno.test("only the tests of mapped results may call the system's functions", () => {
  assertEquals(GROUPS.filter(({ flags }) => flags(PLACES).includes("--allow-ffi")).map(({ name }) => name), ["mapping"]);
});

Deno.test("only the tests that kill processes they did not start may run every program", () => {
  assertEquals(GROUPS.filter(({ flags }) => flags(PLACES).includes("--allow-run")).map(({ name }) => name), ["integration", "interop"]);
});

Deno.test("where there is no Python, none is named in the flags", () => {
  const [run] = group("conformance").flags({ ...PLACES, python: undefined });
  assertEquals(run, "--allow-run=/bin/deno");
});

Deno.test("a path selects the test files at and below it", async () => {
  assertEquals(await filesOf(group("tools"), ["tools/groups_test.ts"]), ["tools/groups_test.ts"]);
  assert((await filesOf(group("tools"), ["tools"])).includes("tools/groups_test.ts"));
  assertEquals(await filesOf(group("tools"), ["tool", "src"]), []);
});

Deno.test("what a quick run takes is there", async () => {
  for (const { name, quick: { paths = [] } = {} } of GROUPS) {
    for (const path of paths) assert((await filesOf(group(name), [path])).length > 0, `"${path}" is no test of the group "${name}"`);
  }
});
