import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { LADDER, type Rung } from "../../src/plugin/cancelling.ts";
import { ROOT } from "../../tools/registry.ts";

const PAGE = Deno.readTextFileSync(new URL("docs/reliability.md", ROOT));
const ATTACKS = PAGE.slice(PAGE.indexOf("## What was attacked"), PAGE.indexOf("## Soak"));

/** The files of tests that a text names, from the repository's folder. */
function testFilesIn(text: string): string[] {
  const named = [...text.matchAll(/`([\w/]+\/\w+(?:_test\.ts|\.json))`/g)].map(([, file = ""]) => file);
  return named.map((file) => file.startsWith("src/") ? file : `tests/${file}`);
}

/** The items of its lists that begin with what was tried, each with the lines that go on below it. */
function triedIn(text: string): string[] {
  return [...text.matchAll(/^- \*\*.*(?:\n {2}.*)*/gm)].map(([item]) => item).filter((item) =>
    !/^- \*\*(?:Of|A file that|A file among)/.test(item)
  );
}

Deno.test("each test file that docs/reliability.md names is there", () => {
  const files = testFilesIn(PAGE);
  assert(files.length > 50, `it names ${files.length}`);
  assertEquals(files.filter((file) => !Deno.statSync(new URL(file, ROOT)).isFile), []);
});

Deno.test("whatever docs/reliability.md says was attacked has a test that shows it, or was tried by hand", () => {
  const tried = triedIn(ATTACKS);
  assert(tried.length > 60, `there are ${tried.length}`);
  for (const item of tried) assert(testFilesIn(item).length > 0 || item.endsWith("By hand."), item);
});

/** What the page says of each rung, from its name at the beginning of a line to the next one's. */
function rungsOf(page: string): [string, string][] {
  const [, section = ""] = page.split("## The ladder of a cancellation\n");
  const text = section.split("\n## ")[0]!;
  const begun = [...text.matchAll(/^[^\w\n]*(\w+)\b/gm)].filter(([, word = ""]) => Object.hasOwn(LADDER, word));
  return begun.map((match, at) => [match[1]!, text.slice(match.index, begun[at + 1]?.index)]);
}

Deno.test("docs/reliability.md has the rungs of the ladder that the host climbs, in their order and with their times", () => {
  const rungs = rungsOf(PAGE);
  const ladder: [string, Rung][] = Object.entries(LADDER);
  assertEquals(rungs.map(([name]) => name), ladder.map(([name]) => name));
  for (const [at, [name, { afterMs }]] of ladder.entries()) {
    const when = afterMs === 0 ? "at once" : `${afterMs.toLocaleString("en")} ms`;
    assertStringIncludes(rungs[at]![1], when, name);
  }
});
