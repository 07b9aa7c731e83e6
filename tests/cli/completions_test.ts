import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { User } from "../support/cli_user.ts";
import { pythonManifest } from "../support/managed_plugins.ts";
import { testPython } from "../support/python.ts";

Deno.test("bash completes commands, their options, and the names of plugins", async () => {
  await using user = await User.create({ "naps.json": await pythonManifest("naps") });
  const { out } = await user.run("completions", "bash");
  // The names of plugins come from the program itself, which is not installed here.
  const script = `${out}
remote-plugin() { case "$*" in "list --names") echo naps ;; "list --arguments naps") echo --seconds ;; esac; }
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _remote_plugin; echo "\${COMPREPLY[*]}"; }
try remote-plugin in
try remote-plugin inspect n
try remote-plugin gen --ch
try remote-plugin run --st
try remote-plugin env pr
try remote-plugin run --stream naps --se
try remote-plugin run --timeout 5 naps --se
try remote-plugin run --timeout 5 na
try remote-plugin run naps na
try remote-plugin run --ray-to
`;
  await user.folder.write("try.sh", script);
  const { stdout } = await new Deno.Command("bash", { args: [join(user.folder.path, "try.sh")] }).output();
  assertEquals(
    new TextDecoder().decode(stdout),
    "inspect\nnaps\n--check\n--state-dir --stream\nprune\n--seconds\n--seconds\nnaps\n\n--ray-token-file\n",
  );
});

/** The program as the shells of the tests find it: it knows two plugins, and what they take. */
const STAND_IN = `#!/bin/sh
case "$*" in
  "list --names") printf 'naps\\nshout it\\n' ;;
  "list --arguments naps") echo --seconds ;;
  "list --arguments shout it") printf -- '--text\\n--times\\n' ;;
esac
`;

const isThere = (program: string) => new Deno.Command("sh", { args: ["-c", `command -v ${program}`], stdout: "null" }).outputSync().success;

/** What a shell is started with, in whose folder the script and the stand-in are. */
async function completing(shell: string): Promise<AsyncDisposable & { cwd: string; env: Record<string, string> }> {
  const user = await User.create();
  await user.folder.write("script", (await user.run("completions", shell)).out);
  await user.folder.write("remote-plugin", STAND_IN);
  await Deno.chmod(join(user.folder.path, "remote-plugin"), 0o700);
  const env = { PATH: `${user.folder.path}:${Deno.env.get("PATH")}`, HOME: user.folder.path, TERM: "dumb" };
  return { cwd: user.folder.path, env, [Symbol.asyncDispose]: () => user[Symbol.asyncDispose]() };
}

const LINES = [
  ["remote-plugin insp", "remote-plugin inspect"],
  ["remote-plugin inspect n", "remote-plugin inspect naps"],
  ["remote-plugin env pr", "remote-plugin env prune"],
  ["remote-plugin run naps --sec", "remote-plugin run naps --seconds"],
  ["remote-plugin run --stream naps --sec", "remote-plugin run --stream naps --seconds"],
  ["remote-plugin run --timeout 5 naps --sec", "remote-plugin run --timeout 5 naps --seconds"],
  ["remote-plugin run shout\\ it --tex", "remote-plugin run shout it --text"],
] as const;

Deno.test({
  name: "zsh completes commands, names of plugins, and what they take",
  ignore: !isThere("zsh"),
  async fn() {
    await using shell = await completing("zsh");
    const types = fromFileUrl(new URL("../support/types_in_zsh.py", import.meta.url));
    const args = [types, "./script", ...LINES.map(([typed]) => typed)];
    const { stdout } = await new Deno.Command(testPython(), { args, ...shell }).output();
    assertEquals(new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.trim()), LINES.map(([, completed]) => completed));
  },
});

Deno.test({
  name: "fish completes commands, names of plugins, and what they take",
  ignore: !isThere("fish"),
  async fn() {
    await using shell = await completing("fish");
    for (const [typed, completed] of LINES) {
      const args = ["-c", `source ./script; complete -C ${JSON.stringify(typed)}`];
      const { stdout } = await new Deno.Command("fish", { args, ...shell }).output();
      assertEquals(new TextDecoder().decode(stdout).trim(), completed.split(" ").at(-1));
    }
  },
});

Deno.test("what a plugin takes is known to shells when it was run or inspected once", async () => {
  const code = "class Takes:\n    def execute(self, plain, größe=1):\n        return plain\n";
  const takes = await pythonManifest("naps", { name: "takes", module: "takes", class: "Takes", plugin_path: "." });
  await using user = await User.create({ "takes.json": takes });
  await user.folder.write("takes.py", code);
  const known = async () => (await user.run("list", "--arguments", "takes")).out.split("\n").filter((line) => line !== "");
  assertEquals(await known(), []);
  await user.run("run", "takes", "--plain", "x");
  assertEquals(await known(), ["--plain", "--größe"]);
});

Deno.test("the completion scripts are ones that their shells can read", async () => {
  await using user = await User.create();
  const { out } = await user.run("completions", "bash");
  const child = new Deno.Command("bash", { args: ["-n"], stdin: "piped", stdout: "null", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(out));
  await writer.close();
  const { code, stderr } = await child.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  for (const shell of ["zsh", "fish"]) assertStringIncludes((await user.run("completions", shell)).out, "doctor");
});
