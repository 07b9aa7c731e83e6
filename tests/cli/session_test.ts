import { assertEquals } from "@std/assert";
import { pathOf } from "../../tools/registry.ts";
import { PAGE, recordSession, sessionIn, withoutFigures } from "../../tools/session.ts";

Deno.test("the terminal session of docs/command_line.md is what the program shows", async () => {
  const session = await recordSession(pathOf("tools/npm_imports.json"));
  const page = sessionIn(await Deno.readTextFile(PAGE));
  assertEquals(withoutFigures(session), withoutFigures(page), "Record it anew with: deno task embed session");
});
