import { assert, assertEquals } from "@std/assert";
import { LONGEST_CELL, LONGEST_LINE, tooLong, wrapped } from "./page_style.ts";

const LONG = "word ".repeat(25).trim();

Deno.test("a line that is too long is told with its number", () => {
  assertEquals(tooLong(`# Title\n\n${LONG}\n`), [`3: a line of ${LONG.length} characters: "${LONG}"`]);
});

Deno.test("code, comments, addresses and the targets of links may be long", () => {
  const page = ["```sh", LONG, "```", `<!-- ${LONG} -->`, `[words](${"x".repeat(120)})`, `https://${"x".repeat(120)}`];
  assertEquals(tooLong(page.join("\n")), []);
});

Deno.test("a longer fence is closed by its like alone", () => {
  assertEquals(tooLong(["````md", "```", LONG, "````", LONG].join("\n")).length, 1);
});

Deno.test("a row may be long, and each of its cells may not", () => {
  const cells = (length: number): string => `| ${Array(5).fill("x".repeat(length)).join(" | ")} |`;
  assertEquals(tooLong(cells(LONGEST_CELL)), []);
  assertEquals(tooLong(`${cells(1)}\n| --- | ${"-".repeat(80)} |\n| a | ${"x".repeat(LONGEST_CELL + 1)} |`).length, 1);
  assertEquals(tooLong(`| ${"x".repeat(40)} \\| ${"y".repeat(40)} |`).length, 1);
});

Deno.test("a wrapped paragraph is short enough, says the same, and cuts no code", () => {
  const text = `${LONG} \`some code with spaces\` ${LONG}`;
  const lines = wrapped(text, "  ").split("\n");
  assertEquals(lines.map((line) => line.trim()).join(" "), text);
  assert(lines.every((line) => line.length <= LONGEST_LINE) && lines.slice(1).every((line) => line.startsWith("  ")));
  assert(lines.some((line) => line.includes("`some code with spaces`")));
});
