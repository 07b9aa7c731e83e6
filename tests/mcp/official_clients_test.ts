import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { pythonManifest } from "../support/managed_plugins.ts";
import { within } from "../support/guard.ts";
import { User } from "../support/cli_user.ts";
import { ERAS } from "../support/mcp_user.ts";

/** The Python that has the official client; empty where it cannot be had, which tools/test.ts tells aloud. */
const PYTHON = Deno.env.get("REMOTE_PLUGIN_TEST_PACKAGED_PYTHON") ?? "";

const CLIENT = fromFileUrl(new URL("./client.py", import.meta.url));

const INSPECTOR = "npm:@modelcontextprotocol/inspector@2.12.0";

async function userOf(...fixtures: string[]): Promise<User> {
  const manifests = await Promise.all(fixtures.map(async (name) => [`${name}.json`, await pythonManifest(name)]));
  return await User.create(Object.fromEntries(manifests));
}

async function outputOf(command: Deno.Command): Promise<string> {
  const { code, stdout, stderr } = await within(command.output(), "the end of the client");
  const decoder = new TextDecoder();
  assertEquals(code, 0, decoder.decode(stderr));
  return decoder.decode(stdout);
}

const CALLS = [
  { name: "typed", arguments: { text: "ho", times: 2 } },
  { name: "streams_only", arguments: { count: 2 } },
  { name: "shows", arguments: { kind: "picture" } },
];

for (const era of ERAS) {
  Deno.test({
    name: `${era}: the official client of Python lists, calls, follows and cancels tools`,
    ignore: PYTHON === "",
    fn: async () => {
      await using user = await userOf("holds", "shows", "streams_only", "typed");
      const { command, args, cwd, env } = user.command(["mcp"]);
      const order = {
        program: { command, args, cwd, env: { ...Deno.env.toObject(), ...env } },
        mode: era === "2025" ? "legacy" : "auto",
        calls: CALLS,
        cancel: { name: "holds", arguments: { hold: "a" }, until: "a" },
        after: { name: "holds", arguments: { note: "free" } },
      };
      const told = JSON.parse(await outputOf(new Deno.Command(PYTHON, { args: [CLIENT, JSON.stringify(order)], env })));
      const [typed, stream, picture] = told.results;
      assertEquals(told.tools, ["holds", "shows", "streams_only", "typed"]);
      assertEquals(typed.content, [{ type: "text", text: "hoho!" }]);
      assertEquals(stream.structuredContent, era === "2025" ? { result: [0, 1] } : [0, 1]);
      assertEquals([picture.content[0].type, picture.content[0].mimeType], ["image", "image/png"]);
      assertEquals([told.progress[0], told.after], [[1, null, "0"], "free"]);
    },
  });
}

Deno.test("the inspector's command line lists and calls tools", async () => {
  await using user = await userOf("typed");
  const { command, args, cwd, env } = user.command(["mcp"]);
  const inspect = async (...words: string[]) => {
    const inspector = [
      ...["run", "--allow-all", "--quiet", "--no-lock", "--no-config", INSPECTOR, "--cli"],
      command,
      ...args,
      "--method",
      ...words,
    ];
    return JSON.parse(await outputOf(new Deno.Command(Deno.execPath(), { args: inspector, cwd, env })));
  };
  assertEquals((await inspect("tools/list")).tools[0].name, "typed");
  const result = await inspect("tools/call", "--tool-name", "typed", "--tool-arg", "text=ho", "times=2");
  assertEquals(result.content, [{ type: "text", text: "hoho!" }]);
});
