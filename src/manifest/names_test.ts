import { assertEquals } from "@std/assert";
import { isManifestName, isManifestPath } from "./names.ts";

Deno.test("a user who writes a path or a file's name means a manifest, and else a plugin", () => {
  for (const path of ["./whisper", "plugins/whisper", "C:\\plugins\\whisper", "whisper.json"]) {
    assertEquals(isManifestPath(path), true, path);
  }
  for (const name of ["whisper", "whisper@1.2.0", "com.example.whisper"]) assertEquals(isManifestPath(name), false, name);
});

Deno.test("a manifest is JSON that is neither hidden nor another tool's", () => {
  const names = ["whisper.json", "plugin.json", ".whisper.json", "deno.json", "package-lock.json", "whisper.yaml"];
  assertEquals(names.filter(isManifestName), ["whisper.json", "plugin.json"]);
});
