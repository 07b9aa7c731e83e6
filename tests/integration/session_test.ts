import { assertEquals } from "@std/assert";
import { pathOf } from "../../tools/_lane.ts";
import { PAGE, recordSession, sessionIn, withoutFigures } from "../../tools/_session.ts";

Deno.test("the terminal session in the README is what the program shows", async () => {
  const session = await recordSession(pathOf("tools/npm_imports.json"));
  const page = sessionIn(await Deno.readTextFile(PAGE));
  assertEquals(withoutFigures(session), withoutFigures(page), "Record it anew with: deno task record");
});
