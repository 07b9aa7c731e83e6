import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { User } from "../support/cli_user.ts";
import { testPython } from "../support/python.ts";
import { pythonManifest } from "../support/managed_plugins.ts";
import { PrintedLines } from "../support/printed_lines.ts";

const PLUGIN = `
import logging
import sys

class Plugin:
    def execute(self):
        print("plain", file=sys.stderr)
        logging.getLogger("own").warning("careful")
`;

/** What `logs --json` tells of the lines of one call. */
const TOLD = [["stderr", undefined, "plain"], ["stderr", "warning", "careful"]];

async function userWithPlugin(): Promise<User> {
  const user = await User.create({ "prints.json": { name: "prints", python_path: testPython(), module: "prints", class: "Plugin" } });
  await Deno.writeTextFile(join(user.folder.path, "prints.py"), PLUGIN);
  return user;
}

async function keptRecords(user: User, ...args: string[]): Promise<Record<string, string>[]> {
  const { code, out } = await user.run("logs", "prints", "--json", ...args);
  assertEquals(code, 0);
  return out.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("logs --json tells time, stream, level, call and text of what a plugin printed under run", async () => {
  await using user = await userWithPlugin();
  assertEquals((await user.run("run", "prints")).code, 0);
  const records = await keptRecords(user);
  assertEquals(records.map(({ stream, level, text }) => [stream, level, text]), TOLD);
  for (const { time, call_id } of records) assertMatch(`${time} ${call_id}`, /^\d{4}-\d\d-\d\dT[\d:.]+Z \S+-\d+$/);
  assertEquals((await keptRecords(user, "--lines", "1")).map(({ text }) => text), ["careful"]);
  assertMatch((await user.run("logs", "prints")).out, /^\S+Z plain\n\S+Z careful\n$/);
});

Deno.test("logs --json tells the call by the id that a client of serve has given it", async () => {
  await using user = await userWithPlugin();
  const server = user.start(["serve", "--json"]);
  const lines = new PrintedLines(server.stdout);
  const { url, token } = JSON.parse(await lines.next("the server's address"));
  const plugin = await RemotePluginProxy.attach({ url: `${url}/prints`, token });
  await plugin.execute({}, { callId: "mine-1" });
  await plugin.cleanup();
  server.kill("SIGTERM");
  assertEquals((await within(server.status, "the end of serve")).code, 0);
  await Promise.all([lines.cancel(), server.stderr.cancel()]);
  assertEquals((await keptRecords(user)).map(({ call_id }) => call_id), ["mine-1", "mine-1"]);
});

Deno.test("a line of a log that is no record is told as it is", async () => {
  await using user = await userWithPlugin();
  assertEquals((await user.run("run", "prints")).code, 0);
  await Deno.writeTextFile(join(user.folder.path, ".state", "logs", "prints.log"), '{"time": "2026\n', { append: true });
  assertEquals((await keptRecords(user)).at(-1), { text: '{"time": "2026' });
  assertStringIncludes((await user.run("logs", "prints")).out, 'Z careful\n{"time": "2026\n');
});

Deno.test("what a plugin prints is kept, and logs -f shows what comes", async () => {
  await using user = await User.create({ "prints.json": await pythonManifest("prints") });
  assertEquals((await user.run("run", "prints")).out, "done\n");
  const { out } = await user.run("logs", "prints");
  assertMatch(out, /^\d{4}-\d\d-\d\dT[\d:.]+Z .*printed while it ran$/m);
  const child = user.start(["logs", "-f", "--lines", "1", "prints"]);
  const lines = new PrintedLines(child.stdout);
  assertStringIncludes(await lines.next("what was kept"), "Z ");
  const [next] = await Promise.all([lines.next("what comes"), user.run("run", "--logs", "prints")]);
  assertStringIncludes(next, "Z ");
  child.kill("SIGINT");
  await lines.cancel();
  await child.stderr.cancel();
  assertEquals((await child.status).code, 130);
});
