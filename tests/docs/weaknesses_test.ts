import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../../tools/registry.ts";

interface Row {
  readonly number: string;
  readonly files: readonly string[];
}

const PAGE = Deno.readTextFileSync(new URL("docs/from_python.md", ROOT));
const ROWS = [...PAGE.matchAll(/^- \*\*(W\d+)\*\*: ((?:.+\n)(?: {2}.+\n)*)/gm)].map(([, number = "", text = ""]): Row => {
  return { number, files: [...text.matchAll(/`(tests\/[^`]+)`/g)].map(([, file = ""]) => file) };
});

Deno.test("docs/from_python.md lists all thirty-five weaknesses of the original", () => {
  assertEquals(ROWS.map(({ number }) => number), Array.from({ length: 35 }, (_, index) => `W${index + 1}`));
});

for (const { number, files } of ROWS) {
  for (const file of files) {
    Deno.test(`${file} has a test about ${number}`, () => {
      const text = Deno.readTextFileSync(new URL(file, ROOT));
      assert(file.endsWith(".json") || isNamedAboveATest(text.split("\n"), number), `no comment above a test there names ${number}`);
    });
  }
}

/** The comment stands right above a test, or above the loop that makes it. */
function isNamedAboveATest(lines: readonly string[], number: string): boolean {
  const comment = new RegExp(`^ *// (?:W\\d+, )*${number}\\b`);
  return lines.some((line, at) => comment.test(line) && lines.slice(at + 1, at + 6).some((next) => /^ *Deno\.test\(/.test(next)));
}
