/**
 * `deno task embed session`: runs the session of docs/command_line.md with the real program, and puts what it shows into the page.
 *
 * @module
 */
import { pathOf } from "./registry.ts";
import { PAGE, recordSession, withSession } from "./session.ts";

if (import.meta.main) {
  const session = await recordSession(pathOf("tools/npm_imports.json"));
  await Deno.writeTextFile(PAGE, withSession(await Deno.readTextFile(PAGE), session));
}
