import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { join } from "@std/path";
import { User } from "../support/cli_user.ts";
import { CANNOT_MAKE, EnvironmentTrial, PACKAGE, scriptWith } from "../support/environments.ts";

Deno.test({
  name: "a new plugin with packages is examined, has its environment made, is run, mended and pruned by the command line",
  ignore: CANNOT_MAKE,
  fn: async () => {
    await using trial = await EnvironmentTrial.create();
    await using user = await User.create();
    assertStringIncludes((await user.run("new", "shouter", "--with", PACKAGE)).out, '"$(remote-plugin env sync shouter)" -m unittest');
    const before = await user.run("doctor", "shouter");
    assertMatch(
      before.out,
      /look {2}shouter: environment: not made yet.*metadata of .*shouter\.py.*\n\s+fix: remote-plugin env sync shouter/,
    );
    assertEquals([before.code, trial.left()], [0, []]);
    const made = await user.run("env", "sync", "shouter");
    assertMatch(made.err, /Made the environment of "shouter" in/);
    const again = JSON.parse((await user.run("env", "sync", "--json", "shouter")).out);
    assertEquals(again, { plugin: "shouter", folder: join(trial.environments, trial.left()[0]!), python: made.out.trim(), made: false });
    assertEquals((await user.run("run", "shouter", "--text", "hello")).out, "HELLO!\n");
    await Deno.remove(made.out.trim());
    const [listed] = JSON.parse((await user.run("env", "list", "--json")).out);
    assertEquals([listed.plugin, listed.folder, listed.state, listed.bytes > 10_000], ["shouter", again.folder, "damaged", true]);
    assertMatch((await user.run("doctor", "shouter")).out, /environment: .* lacked its interpreter.*, and was made anew/);
    assertEquals((await user.run("env", "prune", "--older-than", "1h")).out, "There is nothing to remove\n");
    assertStringIncludes((await user.run("env", "prune", "--older-than", "0s")).out, `Removed ${again.folder}, of "shouter"`);
    assertEquals(trial.left(), []);
  },
});

Deno.test({
  name: "env lock writes the lock beside the script, and says for which forms there is none",
  ignore: CANNOT_MAKE,
  fn: async () => {
    await using trial = await EnvironmentTrial.create();
    await trial.write("plugin.py", scriptWith('dependencies = ["iniconfig<2.1"]'));
    await using user = await User.create({ "plain.json": { name: "plain", module: "plain", class: "Plain" } });
    const lock = join(trial.folder, "plugin.py.lock");
    assertEquals(await user.run("env", "lock", await trial.manifest("./plugin.py")), { code: 0, out: `Wrote ${lock}\n`, err: "" });
    assertMatch(await Deno.readTextFile(lock), /name = "iniconfig"\nversion = "2\.0\.0"/);
    const inline = await user.run("env", "lock", await trial.manifest({ dependencies: [PACKAGE] }));
    assertEquals([inline.code, inline.err.includes('The environment of "tried" can have no lock')], [2, true], inline.err);
    const plain = await user.run("env", "lock", "plain");
    assertEquals([plain.code, plain.err.includes('The manifest of "plain" names no "environment". It runs in that of "python3"')], [
      2,
      true,
    ]);
  },
});

Deno.test({
  name: "env prune leaves an environment in which a worker runs, and removes what a killed host has left of one",
  ignore: CANNOT_MAKE,
  fn: async () => {
    await using trial = await EnvironmentTrial.create();
    await using user = await User.create();
    await using plugin = await RemotePluginProxy.start(await trial.manifest({ dependencies: [PACKAGE] }));
    const [name] = trial.left();
    await Deno.mkdir(join(trial.environments, `${name}.0123abcd`));
    const { err } = await user.run("env", "prune", "--older-than", "0s");
    assertStringIncludes(err, `stays: a worker of "tried" runs in it`);
    assertEquals(trial.left(), [name]);
    assertMatch(String((await plugin.execute<{ file: string }>()).file), /iniconfig/);
  },
});
