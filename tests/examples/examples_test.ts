import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

const ROOT = new URL("../../", import.meta.url);
const EXAMPLES = [...Deno.readDirSync(new URL("examples/", ROOT))].filter(({ name }) => name !== "shared").map(({ name }) => name).sort();

/** The code by which an example says that it cannot run here. */
const SKIPPED = 77;

for (const name of EXAMPLES) {
  Deno.test(`the example "${name}" finds its own results right, and leaves no process and no file`, async () => {
    const command = new Deno.Command(Deno.execPath(), {
      // As `deno task example` does it; the runner counts what is left.
      args: ["run", "--no-lock", "--allow-read", "--allow-write", "--allow-env", "--allow-run", "tools/task.ts", "example", name],
      cwd: fromFileUrl(ROOT),
      stdin: "null",
    });
    const { code, stdout, stderr } = await command.output();
    const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals(code === SKIPPED ? 0 : code, 0, printed);
    // A skipped example is told of, for nobody should take it for one that ran.
    if (code === SKIPPED) console.warn(printed);
  });
}
