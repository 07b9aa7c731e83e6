import { fromFileUrl } from "@std/path";
import { ENVIRONMENTS, FOLDER, startIn, workersOf } from "./environments.ts";
import { type Place, PLUGINS } from "./published_plugins.ts";

/** What happened, for the table in docs/from_python.md. */
const outcomes: string[][] = [];

const speech = fromFileUrl(new URL("../../examples/shared/speech.wav", import.meta.url));

for (const published of PLUGINS) {
  const environment = ENVIRONMENTS.find(({ name }) => name === published.environment)!;
  for (const { worker, label } of workersOf(environment)) {
    Deno.test(`${published.label} on ${label === "ours" ? "our worker" : "its own worker"} does what it does`, async (t) => {
      const folder = await Deno.makeTempDir({ prefix: "plugin-" });
      try {
        await using plugin = await startIn(environment, { ...published.manifest, worker }, folder);
        const place: Place = { folder, speech };
        for (const [name, action] of Object.entries(published.actions)) {
          const passed = await t.step(name, () => action(plugin, place));
          outcomes.push([published.label, name, label, passed ? "pass" : "fails"]);
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  }
}

Deno.test.afterAll(() => Deno.writeTextFile(`${FOLDER}/outcomes.json`, JSON.stringify(outcomes)));
