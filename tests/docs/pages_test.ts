import { CANNOT_MAKE } from "../support/environments.ts";
import { readStories } from "../../tools/markdown.ts";
import { pathOf, ROOT } from "../../tools/registry.ts";
import { makesEnvironment, tryStory } from "../../tools/stories.ts";

const PAGES = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", ...pagesIn("docs")];

function pagesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].filter(({ name }) => name.endsWith(".md")).map(({ name }) => `${folder}/${name}`)
    .sort();
}

function textOf(page: string): string {
  try {
    return Deno.readTextFileSync(pathOf(page));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

for (const page of PAGES) {
  for (const story of readStories(textOf(page))) {
    Deno.test({
      name: `${page} says the truth under "${story.heading}"`,
      ignore: makesEnvironment(story) && CANNOT_MAKE,
      fn: () => tryStory(story, Deno.env.get("REMOTE_PLUGIN_TEST_REGISTRY") === "jsr" ? "jsr" : "npm"),
    });
  }
}
