import { assertEquals } from "@std/assert";
import { flagsOf, mergeFlags } from "./permissions_text.ts";

Deno.test("a set of permissions is written as the flags that give it", () => {
  assertEquals(flagsOf({ read: ["/a", "/b"], net: true }), ["--allow-read=/a,/b", "--allow-net"]);
  assertEquals(flagsOf({}), []);
});

Deno.test("flags of one kind become one flag, without repetition", () => {
  assertEquals(mergeFlags(["--allow-read=/a", "--allow-run=x", "--allow-read=/a,/b"]), ["--allow-read=/a,/b", "--allow-run=x"]);
});

Deno.test("a flag without limits swallows those of its kind that have some", () => {
  assertEquals(mergeFlags(["--allow-read=/a", "--allow-read"]), ["--allow-read"]);
});
