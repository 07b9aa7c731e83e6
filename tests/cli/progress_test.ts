import { assertEquals, assertStringIncludes } from "@std/assert";
import { within } from "../support/guard.ts";
import { User } from "../support/cli_user.ts";
import { pythonManifest } from "../support/managed_plugins.ts";

Deno.test("progress and colours are for a terminal, and no colours where NO_COLOR is set", async () => {
  await using user = await User.create({ "reports.json": await pythonManifest("reports") });
  const steps = '{"steps": [[0.25, "reading"], [-1, "guessing"]]}';
  const run = ["run", "--stream", "--kwargs", steps, "reports"];
  const piped = await user.run(...run);
  assertEquals([piped.code, piped.err], [0, ""]);
  const seen = await outputOf(user.start(run, { inTerminal: true }));
  assertStringIncludes(seen, "[#####...............]  25 % reading");
  assertStringIncludes(seen, "[…                   ] guessing");
  assertStringIncludes(await outputOf(user.start(["list"], { inTerminal: true })), "\x1b[1mNAME");
  const plain = await outputOf(user.start(["list"], { inTerminal: true, env: { NO_COLOR: "1" } }));
  assertEquals([plain.includes("NAME"), plain.includes("\x1b[")], [true, false]);
  assertEquals((await user.run("list")).out.includes("\x1b["), false);
});

async function outputOf(child: Deno.ChildProcess): Promise<string> {
  const { stdout } = await within(child.output(), "the end in a terminal");
  return new TextDecoder().decode(stdout);
}
