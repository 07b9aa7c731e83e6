import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { ROOT } from "../../tools/_lane.ts";
import { readStories } from "../../tools/_markdown.ts";
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
