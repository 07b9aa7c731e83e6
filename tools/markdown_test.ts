import { assert, assertEquals } from "@std/assert";
import { printsAs, readCommands, readComments, readStories } from "./markdown.ts";

const PAGE = `# Title

\`\`\`sh
deno task demo   # quick
\`\`\`

## A story

\`\`\`json title="shout.json"
{ "name": "shout" }
\`\`\`

\`\`\`python
# plugins/shout.py
class Shout: ...
\`\`\`

\`\`\`sh
deno run --allow-run=python3 \\
  main.ts "two words"
\`\`\`

\`\`\`text
HELLO
\`\`\`

## Programs

\`\`\`ts
const a = 1;
\`\`\`

\`\`\`ts ignore
what(
\`\`\`

1. In a list

   \`\`\`ts no-eval
   if (a) {
     console.log(a);
   }
   \`\`\`

\`\`\`json
[1]
\`\`\`

## Programs

Nothing but words.
`;

Deno.test("the blocks under one heading are one story", () => {
  const [title, story, programs, ...rest] = readStories(PAGE);
  assertEquals(title?.steps, [{ commands: [["deno", "task", "demo"]], expected: undefined }]);
  assertEquals(story?.heading, "A story");
  assertEquals(story?.files.map(({ name }) => name), ["shout.json", "plugins/shout.py"]);
  assertEquals(story?.files[0]?.text, `{ "name": "shout" }\n`);
  assertEquals(story?.steps, [{ commands: [["deno", "run", "--allow-run=python3", "main.ts", "two words"]], expected: "HELLO\n" }]);
  assertEquals(programs?.program, "const a = 1;\n\nif (a) {\n  console.log(a);\n}\n");
  assertEquals(programs?.runnable, false);
  assertEquals(programs?.values, ["[1]\n"]);
  assertEquals(rest, []);
});

Deno.test("a fence inside a longer fence is text", () => {
  const [story] = readStories("````md\n```sh\nrm -rf /\n```\n````\n");
  assertEquals(story?.steps, []);
});

Deno.test("a first line that is another comment names no file", () => {
  const [story] = readStories("```ts\n// Prints a.b.c and more.\nconsole.log(1);\n```\n");
  assertEquals(story?.files, []);
  assertEquals(story?.program.includes("console.log"), true);
});

Deno.test("commands are split into words as a shell would", () => {
  assertEquals(readCommands(`$ a --b="c d" 'e f'\n\n# only a comment\ng \\\n  h#i # j\n`), [["a", "--b=c d", "e f"], ["g", "h#i"]]);
});

Deno.test("printed text is compared line by line, with … for what differs each time", () => {
  assert(printsAs("a\nb\n", "a\nb"));
  assert(printsAs("took 12 ms\n", "took … ms"));
  assert(printsAs("a\nx\ny\nb", "a\n…\nb"));
  assert(printsAs("a\nb", "…\nb"));
  assert(!printsAs("a\nb\nc", "a\nb"));
  assert(!printsAs("took 12 s", "took … ms"));
  assert(!printsAs("axb", "a.b"));
});

Deno.test("an example in a doc comment is read like a page", () => {
  const source =
    `/** One. */\nconst a = 1;\n\n  /**\n   * Two.\n   *\n   * @example\n   * \`\`\`ts no-eval\n   * f({\n   *   a: 1,\n   * });\n   * \`\`\`\n   */\n`;
  const [comment, ...rest] = readComments(source);
  assertEquals(rest, []);
  assertEquals(comment?.line, 4);
  const [story] = readStories(comment?.markdown ?? "");
  assertEquals(story?.program, "f({\n  a: 1,\n});\n");
  assertEquals(story?.runnable, false);
});
