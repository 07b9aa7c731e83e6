import { assertEquals } from "@std/assert";
import { toText } from "@std/streams";
import { fromFileUrl, join } from "@std/path";
import { pythonManifest } from "../support/managed_plugins.ts";
import { within } from "../support/guard.ts";
import { User } from "../support/cli_user.ts";
import { type Era, ERAS } from "../support/mcp_user.ts";
import { PrintedLines } from "../support/printed_lines.ts";

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

const FIXTURES = ["holds", "shows", "streams_only", "typed"] as const;

/** Their tools: one for each plugin, and one for each of its methods. */
const TOOLS = ["holds", "holds-wait", "shows", "shows-write", "streams_only", "typed"];

/** What the client of Python is to do. */
const ORDER = {
  calls: [
    { name: "typed", arguments: { text: "ho", times: 2 } },
    { name: "streams_only", arguments: { count: 2 } },
    { name: "shows", arguments: { kind: "picture" } },
  ],
  cancel: { name: "holds", arguments: { hold: "a" }, until: "a" },
  after: { name: "holds", arguments: { note: "free" } },
};

async function followOrder(where: Readonly<Record<string, unknown>>, era: Era): Promise<void> {
  const order = { ...ORDER, ...where, mode: era === "2025" ? "legacy" : "auto" };
  const told = JSON.parse(await outputOf(new Deno.Command(PYTHON, { args: [CLIENT, JSON.stringify(order)] })));
  const [typed, stream, picture] = told.results;
  assertEquals(told.tools, TOOLS);
  assertEquals(typed.content, [{ type: "text", text: "hoho!" }]);
  assertEquals(stream.structuredContent, era === "2025" ? { result: [0, 1] } : [0, 1]);
  assertEquals([picture.content[0].type, picture.content[0].mimeType], ["image", "image/png"]);
  assertEquals([told.progress[0], told.after], [[1, null, "0"], "free"]);
}

/** The address of a gateway that serves a user's plugins, until it is disposed of. */
async function serve(user: User): Promise<AsyncDisposable & { readonly url: string; readonly token: string }> {
  const child = user.start(["serve", "--json"]);
  const lines = new PrintedLines(child.stdout);
  const { url, token } = JSON.parse(await lines.next("the address of the gateway"));
  const end = async () => {
    child.kill("SIGTERM");
    await Promise.all([lines.cancel(), within(child.status, "the end of the gateway")]);
    assertEquals(await toText(child.stderr), "");
  };
  return { url: `${url}/mcp`, token, [Symbol.asyncDispose]: end };
}

for (const era of ERAS) {
  Deno.test({
    name: `${era}: the official client of Python lists, calls, follows and cancels tools`,
    ignore: PYTHON === "",
    fn: async () => {
      await using user = await userOf(...FIXTURES);
      const { command, args, cwd, env } = user.command(["mcp"]);
      await followOrder({ program: { command, args, cwd, env: { ...Deno.env.toObject(), ...env } } }, era);
    },
  });

  Deno.test({
    name: `${era}: the official client of Python lists, calls, follows and cancels tools over HTTP`,
    ignore: PYTHON === "",
    fn: async () => {
      await using user = await userOf(...FIXTURES);
      await using served = await serve(user);
      await followOrder({ url: served.url, token: served.token }, era);
    },
  });
}

Deno.test("the inspector's command line lists and calls tools, of a program and over HTTP", async () => {
  await using user = await userOf("typed");
  await using served = await serve(user);
  const { command, args, cwd, env } = user.command(["mcp"]);
  const catalog = join(user.folder.path, "catalog.json");
  const inspect = async (...words: string[]) => {
    const inspector = ["run", "--allow-all", "--quiet", "--no-lock", "--no-config", INSPECTOR, "--cli", ...words];
    return JSON.parse(
      await outputOf(
        new Deno.Command(Deno.execPath(), {
          args: inspector,
          cwd,
          env: { ...env, MCP_CATALOG_PATH: catalog, MCP_STORAGE_DIR: user.folder.path },
        }),
      ),
    );
  };
  for (const where of [[command, ...args], [served.url, "--transport", "http", "--header", `Authorization: Bearer ${served.token}`]]) {
    assertEquals((await inspect(...where, "--method", "tools/list")).tools[0].name, "typed");
    const result = await inspect(...where, "--method", "tools/call", "--tool-name", "typed", "--tool-arg", "text=ho", "times=2");
    assertEquals(result.content, [{ type: "text", text: "hoho!" }]);
  }
});
