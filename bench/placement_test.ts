import { assertEquals } from "@std/assert";
import { coresFor, parseCores } from "./placement.ts";

Deno.test("a list of cores is read as taskset prints it", () => {
  assertEquals([" 0\n", "0,1", "0,2-4,7"].map(parseCores), [[0], [0, 1], [0, 2, 3, 4, 7]]);
});

Deno.test("a placement takes one core or two, and there has to be one for each", () => {
  assertEquals(coresFor("one", [2, 3, 5]), [2]);
  assertEquals(coresFor("two", [2, 3, 5]), [2, 3]);
  assertEquals(coresFor("busy", [2]), undefined);
  assertEquals(coresFor("one", undefined), undefined);
});
