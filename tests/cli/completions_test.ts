import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { User } from "../support/cli_user.ts";
import { pythonManifest } from "../support/managed_plugins.ts";

Deno.test("bash completes commands, their options, and the names of plugins", async () => {
  await using user = await User.create({ "naps.json": await pythonManifest("naps") });
  const { out } = await user.run("completions", "bash");
  // The names of plugins come from the program itself, which is not installed here.
  const script = `${out}
remote-plugin() { [ "$*" = "list --names" ] && echo naps; }
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _remote_plugin; echo "\${COMPREPLY[*]}"; }
try remote-plugin in
try remote-plugin inspect n
try remote-plugin gen --ch
try remote-plugin run --st
try remote-plugin env pr
`;
  await user.folder.write("try.sh", script);
  const { stdout } = await new Deno.Command("bash", { args: [join(user.folder.path, "try.sh")] }).output();
  assertEquals(new TextDecoder().decode(stdout), "inspect\nnaps\n--check\n--state-dir --stream\nprune\n");
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
