import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { hostArguments } from "../support/run_host.ts";
import { User } from "../support/cli_user.ts";

for (const runtime of ["python", "deno"]) {
  Deno.test(`a new user makes a ${runtime} plugin, has it examined, and runs it`, async () => {
    await using user = await User.create();
    const made = await user.run("new", "shouter", "--runtime", runtime);
    assertEquals([made.code, made.err], [0, ""]);
    const health = await user.run("doctor", "shouter");
    assertEquals([health.code, health.out.includes("BAD"), health.out.includes("All is well")], [0, false, true], health.out);
    assertEquals(await user.run("run", "shouter", "--text", "hello there"), { code: 0, out: "HELLO THERE!\n", err: "" });
    assertEquals((await user.run("run", "--stream", "shouter", "--text", "a b")).out, "A!\nB!\n");
    assertEquals((await user.run("config", "shouter", "mark=?")).code, 0);
    assertEquals((await user.run("run", "shouter", "--json", "--text=hi")).out, '"HI?"\n');
    assertStringIncludes((await user.run("gen", "shouter")).out, "export interface ExecuteArguments {\n  text: string;\n}\n");
    assertEquals(JSON.parse((await user.run("list", "--json")).out).map(({ name }: { name: string }) => name), ["shouter"]);
  });

  Deno.test(`the test of a new ${runtime} plugin passes`, async () => {
    await using user = await User.create();
    await user.run("new", "shouter", "--runtime", runtime);
    const file = join(user.folder.path, "shouter", "plugin_test.ts");
    const text = await Deno.readTextFile(file);
    assertStringIncludes(text, "// deno test --allow-read --allow-write=/tmp --allow-net --allow-run --allow-env\n");
    // What the file imports is not published yet; the tests' import map has it under its name.
    await Deno.writeTextFile(file, text.replace(/jsr:(@remote-plugin\/proxy)@[^"]*/, "$1"));
    const options = hostArguments().slice(1).filter((flag) => flag !== "--no-prompt");
    const flags = ["--allow-read", "--allow-write", "--allow-net", "--allow-run", "--allow-env"];
    const { code, stdout } = await new Deno.Command(Deno.execPath(), { args: ["test", ...options, ...flags, file] }).output();
    assertEquals(code, 0, new TextDecoder().decode(stdout));
  });
}
