import { assertEquals, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { User } from "../support/cli_user.ts";
import { testPython } from "../support/python.ts";
import { PrintedLines } from "../support/printed_lines.ts";

/** A project as cjm's tools leave it: a plugin that works by a task adapter alone, both registered in `.cjm/manifests`. */
async function cjmProject(): Promise<User> {
  const splitter = `
class Splitter:
    name, version = "splitter", "0.0.3"

    def initialize(self, config):
        self.config = config

    def split(self, text, mark=None):
        return text.split(mark or self.config["mark"])


class Adapter:
    task_name = "text-splitting"

    def __init__(self, tool):
        self.split_text = tool.split
`;
  const code = { name: "splitter", version: "0.0.3", description: "", module: "splitter", class: "Splitter", plugin_path: "../.." };
  const config_schema = { type: "object", properties: { mark: { type: "string", default: "," } } };
  const structural_surface = { methods: [{ name: "split", params: ["text", "mark"] }], properties: ["name"], attributes: [] };
  const install = { python_path: testPython(), conda_env: "none", env_vars: { PYTHONDONTWRITEBYTECODE: "1" } };
  const adapter = { unit: "adapter", task_name: "text-splitting", module: "splitter", class: "Adapter", python_path: testPython() };
  return await User.create({
    "splitter.py": splitter,
    ".cjm/manifests/splitter.json": { format_version: "2.0", install, code: { ...code, config_schema, structural_surface } },
    ".cjm/manifests/adapter-splitting.json": { ...adapter, protocol_members: { methods: [{ name: "split", params: ["text"] }] } },
  });
}

Deno.test("in a project of cjm's its plugins are found where its tools keep them, and are well", async () => {
  await using user = await cjmProject();
  const { out, err } = await user.run("list", "--json");
  assertEquals([JSON.parse(out).map(({ name }: { name: string }) => name), err], [["splitter"], ""]);
  const health = await user.run("doctor");
  assertEquals([health.code, health.out.includes("All is well"), health.err], [0, true, ""], health.out);
});

Deno.test("a plugin of cjm's that works by task adapters is run by --task, with the defaults of its manifest", async () => {
  await using user = await cjmProject();
  const task = ["run", "--json", "splitter", "--task", "text-splitting.split_text"];
  assertEquals(await user.run(...task, "--text", "a,b"), { code: 0, out: '["a","b"]\n', err: "" });
  assertEquals((await user.run("config", "splitter", 'mark="|"')).code, 0);
  assertEquals((await user.run(...task, "--text", "a,b|c")).out, '["a,b","c"]\n');
  const { code, err } = await user.run("run", "splitter", "--text", "a,b");
  assertEquals([code, err.includes('Known are "split"')], [2, true], err);
  assertStringIncludes((await user.run("run", "splitter", "--task", "text-splitting")).err, "--task is TASK.METHOD");
});

Deno.test("serve answers for task adapters too", async () => {
  await using user = await cjmProject();
  const child = user.start(["serve", "--json"]);
  const lines = new PrintedLines(child.stdout);
  const { url, token } = JSON.parse(await lines.next("the server's address"));
  {
    await using splitter = await RemotePluginProxy.attach({ url: `${url}/splitter`, token });
    const body = { task: "text-splitting", method: "split_text", kwargs: { text: "a b", mark: " " } };
    assertEquals(await splitter.extension("task", body), ["a", "b"]);
    const { methods } = await splitter.extension<{ methods: { name: string }[] }>("structural_surface");
    assertEquals(methods.map(({ name }) => name), ["initialize", "split"]);
  }
  child.kill("SIGTERM");
  assertEquals([(await within(child.status, "the end")).code, await toText(child.stderr)], [0, ""]);
  await lines.cancel();
});
