import { assertEquals, assertThrows } from "@std/assert";
import { descriptorFlags, permissionFlags } from "./flags.ts";

Deno.test("permissions become one flag a kind", () => {
  assertEquals(permissionFlags({ read: ["/a", "/b"], net: true, env: [] }), ["--allow-read=/a,/b", "--allow-net"]);
});

Deno.test("descriptors of one kind are joined, and one without a value is all", () => {
  assertEquals(
    descriptorFlags([{ name: "net", host: "a" }, { name: "net", host: "b" }, { name: "run" }, { name: "run", command: "x" }, {
      name: "net",
      host: "a",
    }]),
    ["--allow-net=a,b", "--allow-run"],
  );
});

Deno.test("an entry that would be read as two, or as everything, is refused", () => {
  assertThrows(() => permissionFlags({ read: ["/a,/etc"] }), TypeError, "comma");
  assertThrows(() => permissionFlags({ read: [""] }), TypeError, "everything");
});
