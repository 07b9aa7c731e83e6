import { assertEquals } from "@std/assert";
import { compareVersions } from "./_registry.ts";

Deno.test("versions are ordered by their numbers, a suffix before none", () => {
  const sorted = ["1.10.0", "0.9", "1.10.0-rc2", "1.9.1", "1.10.0-rc10", "2", "1.2.0a1"].sort(compareVersions);
  assertEquals(sorted, ["0.9", "1.2.0a1", "1.9.1", "1.10.0-rc2", "1.10.0-rc10", "1.10.0", "2"]);
});
