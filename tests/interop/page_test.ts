import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { ROOT } from "../../tools/registry.ts";
import { readStories } from "../../tools/markdown.ts";
import { hostArguments } from "../support/run_host.ts";
import { ENVIRONMENTS, pythonOf } from "./environments.ts";

Deno.test("the page's program with a task adapter prints the sentences, on the environment's own worker", async () => {
  const page = await Deno.readTextFile(new URL("docs/from_python.md", ROOT));
  const program = readStories(page).find(({ heading }) => heading.startsWith("Its own worker"))!.program;
  const python = pythonOf(ENVIRONMENTS[1]!);
  const folder = await Deno.makeTempDir({ prefix: "page-" });
  try {
    const file = join(folder, "main.ts");
    await Deno.writeTextFile(file, program.replace("/opt/envs/pysbd/bin/python", python));
    const flags = [
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
      "--allow-net=127.0.0.1",
      `--allow-run=${python}`,
      "--allow-env=TMPDIR",
    ];
    const env = { TMPDIR: folder, PYTHONDONTWRITEBYTECODE: "1" };
    const command = new Deno.Command(Deno.execPath(), { args: [...hostArguments(), ...flags, file], env, stdin: "null" });
    const { stdout, stderr } = await command.output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(new TextDecoder().decode(stdout).trim().split("\n"), ["Dr. Who came.", "He left."]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Prints the names of all that can be called on the original's proxy and manager. */
const LIST_MEMBERS = `
import importlib, json, sys

def members(module, name):
    return [member for member in dir(getattr(importlib.import_module(module), name)) if not member.startswith("_")]

if "plugin" in sys.argv[1]:
    names = members("cjm_plugin_system.core.proxy", "RemotePluginProxy") + members("cjm_plugin_system.core.manager", "PluginManager")
else:
    names = members("cjm_substrate.core.proxy", "RemoteCapabilityProxy") + members("cjm_substrate.core.manager", "CapabilityManager")
print(json.dumps(sorted(set(names))))
`;

for (const environment of ENVIRONMENTS) {
  Deno.test(`the page says what becomes of every public method of ${environment.label}'s proxy and manager`, async () => {
    const page = await Deno.readTextFile(new URL("docs/from_python.md", ROOT));
    const table = page.slice(page.indexOf("## What each call becomes"), page.indexOf("## What differs"));
    const told = new Set([...table.matchAll(/`(?:PluginManager\.)?([a-z_]+)/g)].map(([, name]) => name));
    const args = ["-c", LIST_MEMBERS, environment.name];
    const folder = await Deno.makeTempDir({ prefix: "members-" });
    const env = { CJM_DATA_DIR: folder, PYTHONDONTWRITEBYTECODE: "1" };
    const { stdout } = await new Deno.Command(pythonOf(environment), { args, env, cwd: folder, stdin: "null" }).output();
    await Deno.remove(folder, { recursive: true });
    const names: string[] = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
    const asTold = (name: string) => name.replace("capabilities", "plugins").replace("capability", "plugin").replace(/_async$/, "");
    assertEquals(names.filter((name) => !told.has(name) && !told.has(asTold(name))), []);
    assertEquals(names.length > 60, true);
  });
}
