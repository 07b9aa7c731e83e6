import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { ROOT } from "../../tools/registry.ts";
import { actionTable } from "../../tools/interop_page.ts";
import { ENVIRONMENTS, FOLDER, startIn, workersOf } from "./environments.ts";
import { type Place, PLUGINS } from "./published_plugins.ts";

const HAS_FFMPEG = Deno.env.get("REMOTE_PLUGIN_TEST_FFMPEG") !== "";

/** What happened, for the table in docs/from_python.md. */
const outcomes: string[][] = [];

const speech = fromFileUrl(new URL("../../examples/shared/speech.wav", import.meta.url));

for (const published of PLUGINS) {
  const environment = ENVIRONMENTS.find(({ name }) => name === published.environment)!;
  for (const { worker, label } of workersOf(environment)) {
    const name = `${published.label} on ${label === "ours" ? "our worker" : "its own worker"} does what it does`;
    Deno.test({ name, ignore: published.label.includes("ffmpeg") && !HAS_FFMPEG }, async (t) => {
      const folder = await Deno.makeTempDir({ prefix: "plugin-" });
      try {
        await using plugin = await startIn(environment, { ...published.manifest, worker }, folder);
        const place: Place = { folder, speech };
        for (const [name, action] of Object.entries(published.actions)) {
          let outcome = "pass";
          await t.step(name, () =>
            action(plugin, place).catch((error: Error) => {
              outcome = error.message.trim().split("\n")[0]!.replaceAll("|", "/");
              throw error;
            }));
          outcomes.push([published.label, name, label, outcome]);
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  }
}

Deno.test({ name: "docs/from_python.md shows what these plugins did", ignore: !HAS_FFMPEG }, async () => {
  const page = await Deno.readTextFile(new URL("docs/from_python.md", ROOT));
  const shown = page.slice(page.indexOf("<!-- actions -->"), page.indexOf("<!-- /actions -->"));
  const cells = (text: string) =>
    text.split("\n").filter((line) => line.startsWith("| cjm")).map((line) => line.split("|").map((cell) => cell.trim()));
  assertEquals(cells(shown), cells(actionTable(outcomes)), "Run: deno task embed interop");
});

Deno.test.afterAll(() => Deno.writeTextFile(`${FOLDER}/outcomes.json`, JSON.stringify(outcomes)));
