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
  const killing = [
    "calls",
    "files",
    "workers",
    "bounded",
    "environments",
    "permissions",
    "security",
    "manager",
    "testing",
    "attached",
    "ray",
    "cluster",
    "gateway",
    "cli",
    "mcp",
    "dashboard",
    "interop",
  ];
  assertEquals(GROUPS.filter(({ flags }) => flags(PLACES).includes("--allow-run")).map(({ name }) => name), killing);
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

Deno.test("a file that is a group of its own is in no other one", async () => {
  assertEquals(await filesOf(group("mapping"), []), ["tests/files/mapping_test.ts"]);
  const files = await filesOf(group("files"), []);
  assertEquals([files.includes("tests/files/mapping_test.ts"), files.includes("tests/files/reuse_test.ts")], [false, true]);
});
