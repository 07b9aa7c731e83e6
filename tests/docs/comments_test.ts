import { type Registry, ROOT } from "../../tools/registry.ts";
import { readComments, readStories, type Story } from "../../tools/markdown.ts";
import { checkPrograms, runProgram } from "../../tools/stories.ts";

const REGISTRY: Registry = Deno.env.get("REMOTE_PLUGIN_TEST_REGISTRY") === "jsr" ? "jsr" : "npm";
const EXAMPLES = new Map(["mod.ts", ...sourcesIn("src")].flatMap(examplesOf));

function sourcesIn(folder: string): string[] {
  const entries = [...Deno.readDirSync(new URL(folder, ROOT))].sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap(({ name, isDirectory }) => {
    if (isDirectory) return sourcesIn(`${folder}/${name}`);
    return name.endsWith(".ts") && !name.endsWith("_test.ts") ? [`${folder}/${name}`] : [];
  });
}

function examplesOf(file: string): [string, Story][] {
  const comments = readComments(Deno.readTextFileSync(new URL(file, ROOT)));
  const stories = comments.flatMap(({ line, markdown }) =>
    readStories(markdown).map((story): [string, Story] => [`${file}:${line}`, story])
  );
  return stories.filter(([, { program }]) => program !== "");
}

Deno.test("the examples in doc comments are type-checked, all of them", async () => {
  await checkPrograms(new Map([...EXAMPLES].map(([name, { program }]) => [name, program])), REGISTRY);
});

for (const [name, { program, runnable }] of EXAMPLES) {
  if (runnable) Deno.test(`the example at ${name} runs without permissions`, () => runProgram(program, REGISTRY));
}
