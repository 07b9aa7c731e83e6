import { assert, assertEquals } from "@std/assert";
import { filesOf, type Group, GROUPS, type Places } from "./_groups.ts";

const PLACES: Places = { repo: "/repo", temp: "/temp", deno: "/bin/deno", python: "/bin/python3" };

function group(name: string): Group {
  const found = GROUPS.find((group) => group.name === name);
  if (found === undefined) throw new Error(`There is no group "${name}"`);
  return found;
}

Deno.test("no group runs with all permissions, or may start any program, or write anywhere", () => {
  for (const { flags } of GROUPS) {
    for (const flag of flags(PLACES)) assert(!["-A", "--allow-all", "--allow-run", "--allow-write", "--allow-read"].includes(flag), flag);
  }
});

Deno.test("a machine without Python is a group without its flags", () => {
  assertEquals(group("integration").flags({ ...PLACES, python: undefined })[0], "--allow-run=/bin/deno,ps");
});

Deno.test("a path selects the test files at and below it", () => {
  assertEquals(filesOf(group("tools"), ["tools/_groups_test.ts"]), ["tools/_groups_test.ts"]);
  assert(filesOf(group("tools"), ["tools"]).includes("tools/_groups_test.ts"));
  assertEquals(filesOf(group("tools"), ["tool", "src"]), []);
});
