import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { User } from "../support/cli_user.ts";
import { pythonManifest } from "../support/managed_plugins.ts";

Deno.test("--help explains every command, and the exit codes", async () => {
  await using user = await User.create();
  const { code, out } = await user.run("--help");
  assertEquals(code, 0);
  for (const command of ["list", "inspect", "run", "config", "doctor", "new", "env", "serve", "stats", "logs", "completions"]) {
    assertStringIncludes(out, `\n  ${command} `);
  }
  assertStringIncludes((await user.run("run", "--help")).out, "The value - stands for a file");
  assertMatch(out, /Exit codes:[\s\S]*130/);
});

Deno.test("--version is the package's, and a plugin's own argument of that name is the plugin's", async () => {
  await using user = await User.create({ "echo.json": await pythonManifest("echo") });
  const { version } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assertEquals(await user.run("--version"), { code: 0, out: `${version}\n`, err: "" });
  assertEquals(JSON.parse((await user.run("run", "echo", "--version", "2")).out).kwargs, { version: 2 });
  assertStringIncludes((await user.run("doctor")).out, `remote-plugin: ${version}`);
});

Deno.test("what goes wrong is said in one line, with an exit code for its kind", async () => {
  const raises = await pythonManifest("raises");
  await using user = await User.create({ "raises.json": raises, "no_class.json": { module: "x" } });
  const cases: [string[], number, string][] = [
    [["run", "raises"], 1, '"execute" of "raises" failed with'],
    [["run", "raise"], 2, 'There is no plugin "raise". The nearest name is "raises"'],
    [["run"], 2, "Which plugin?"],
    [["inspect"], 2, "missing required argument"],
    [["runn", "raises"], 2, "Did you mean run"],
    [["run", "no_class"], 2, '"$.class" is nothing'],
    [["run", "./no_class.json"], 3, '"$.class" is nothing'],
    [["run", "--timeout", "soon", "raises"], 2, "--timeout must be a number of seconds"],
    [["run", "--kwargs", "[1]", "raises"], 2, "--kwargs must be a JSON object"],
    [["new", "Bad-Name"], 2, "cannot be a plugin's name"],
    [["logs", "raises"], 2, 'There is no log of "raises"'],
    [["stats"], 2, "Nothing is served"],
    [["serve", "./plugins"], 2, "write --folder before its path"],
    [["env", "prune", "--older-than", "30"], 2, "--older-than must be a number with d, h, m or s"],
    [["completions", "tcsh"], 2, "bash, zsh and fish"],
  ];
  for (const [args, code, message] of cases) {
    const outcome = await user.run(...args);
    assertEquals([outcome.code, outcome.out], [code, ""], outcome.err);
    assertStringIncludes(outcome.err, message);
  }
  const { code, err } = await user.run("list");
  assertEquals(code, 0);
  assertMatch(err, /no_class\.json.*"\$\.class" is nothing/);
});
