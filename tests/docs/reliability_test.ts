import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../../tools/registry.ts";

const PAGE = Deno.readTextFileSync(new URL("docs/reliability.md", ROOT));
const ATTACKS = PAGE.slice(PAGE.indexOf("## What was attacked"), PAGE.indexOf("## Soak"));

/** The files of tests that a text names, from the repository's folder. */
function testFilesIn(text: string): string[] {
  const named = [...text.matchAll(/`([\w/]+\/\w+(?:_test\.ts|\.json))`/g)].map(([, file = ""]) => file);
  return named.map((file) => file.startsWith("src/") ? file : `tests/${file}`);
}

/** The cells of the tables' rows, without the rows of their heads. */
function rowsOf(text: string): string[][] {
  const lines = text.split("\n").filter((line) =>
    line.startsWith("| ") && !line.startsWith("| ---") && !line.startsWith("| what was tried ")
  );
  return lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("each test file that docs/reliability.md names is there", () => {
  const files = testFilesIn(PAGE);
  assert(files.length > 50, `it names ${files.length}`);
  assertEquals(files.filter((file) => !Deno.statSync(new URL(file, ROOT)).isFile), []);
});

Deno.test("each row of what was attacked names the test that shows it, or was tried by hand", () => {
  const rows = rowsOf(ATTACKS);
  assert(rows.length > 50, `there are ${rows.length}`);
  for (const cells of rows) {
    assertEquals(cells.length, 3, cells.join(" | "));
    assert(testFilesIn(cells[2]!).length > 0 || cells[2] === "by hand", cells.join(" | "));
  }
});
