import { assertRejects } from "@std/assert";
import { readStories } from "./markdown.ts";
import { checkPrograms, runProgram, tryStory } from "./stories.ts";

async function tryPage(page: string): Promise<void> {
  for (const story of readStories(page.replaceAll("'''", "```"))) await tryStory(story, "npm");
}

const SHOUT = `
'''json title="config.json"
{ "mark": "!" }
'''

'''ts
// lib/shout.ts
export function shout(text: string): string {
  return text.toUpperCase();
}
'''

'''ts
// main.ts
import { assertEquals } from "@std/assert";
import { shout } from "./lib/shout.ts";

const { mark } = JSON.parse(await Deno.readTextFile("config.json"));
assertEquals(mark, "!");
console.log(shout("hello") + mark, performance.now());
'''

'''sh
deno run --allow-read=config.json main.ts
'''
`;

Deno.test("a page's files are run by its command, with its flags, and print what it says", async () => {
  await tryPage(`${SHOUT}\n'''text\nHELLO! …\n'''\n`);
});

Deno.test("a page that promises another output is stale", async () => {
  await assertRejects(() => tryPage(`${SHOUT}\n'''text\nhello! …\n'''\n`), Error, "It printed\nHELLO!");
});

Deno.test("a page whose command lacks a permission is stale", async () => {
  await assertRejects(() => tryPage(SHOUT.replace("--allow-read=config.json ", "")), Error, "NotCapable");
});

Deno.test("a page that names a task or a package that is not there is stale", async () => {
  await tryPage("'''sh\ndeno add jsr:@remote-plugin/proxy\nnpx -y deno@2.9.6 task test\n'''\n");
  await assertRejects(() => tryPage("'''sh\nnpx -y deno@2.9.6 task tset\n'''\n"), Error, `There is no task "tset"`);
  await assertRejects(
    () => tryPage("'''sh\ndeno add jsr:@remote-plugin/plugin\n'''\n"),
    Error,
    `has to be "deno add jsr:@remote-plugin/proxy"`,
  );
  await assertRejects(() => tryPage("'''sh\ndeno task example no_such\n'''\n"), Deno.errors.NotFound);
});

Deno.test("a page's other programs are type-checked, run without permissions, and may go on from one block to the next", async () => {
  await tryPage("'''ts\nconst a: number = 1;\n'''\n\n'''ts\nif (a !== 1) throw new Error();\n'''\n");
  await assertRejects(() => tryPage("'''ts\nconst a: number = '1';\n'''\n"), Error, "TS2322");
  await assertRejects(() => tryPage("'''ts\nDeno.readTextFileSync('x');\n'''\n"), Error, "NotCapable");
});

Deno.test("a program marked no-eval is type-checked alone, one marked ignore is left alone", async () => {
  await tryPage("'''ts no-eval\nthrow new Error('boom');\n'''\n\n'''ts ignore\nwhat(\n'''\n");
  await assertRejects(() => tryPage("'''ts no-eval\nconst a: number = '1';\n'''\n"), Error, "TS2322");
});

Deno.test("a page's JSON parses", async () => {
  await assertRejects(() => tryPage("'''json\n{,}\n'''\n"), SyntaxError);
});

Deno.test("many programs are type-checked at once, and the wrong one is named", async () => {
  await checkPrograms(new Map([["a", "const x = 1;"], ["b", "const x = 2;"]]), "npm");
  await assertRejects(() => checkPrograms(new Map([["a", ""], ["src/b:12", "const x: number = '1';"]]), "npm"), Error, "src_b_12.ts");
});

Deno.test("a program alone is run without permissions", async () => {
  await runProgram("if (1 !== 1) throw new Error();", "npm");
  await assertRejects(() => runProgram("await Deno.readTextFile('x');", "npm"), Error, "NotCapable");
});
