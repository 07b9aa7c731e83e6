import { assertEquals } from "@std/assert";
import { importsOf, wayBack } from "./rings.ts";

/** Files that stand in the folder `/x/`. */
function reading(files: Readonly<Record<string, string>>): (url: string) => string | undefined {
  return (url) => files[url.replace("file:///x/", "")];
}

Deno.test("the way back to a file is told, the shortest one", () => {
  const files = {
    "a.ts": `import "./b.ts";`,
    "b.ts": `import "./c.ts"; import "./d.ts";`,
    "c.ts": `import "./d.ts";`,
    "d.ts": `import "./a.ts";`,
  };
  assertEquals(wayBack("file:///x/b.ts", "file:///x/a.ts", reading(files)), ["file:///x/b.ts", "file:///x/d.ts", "file:///x/a.ts"]);
});

Deno.test("there is no way back where the files are no ring, or where it goes by files that are not looked into", () => {
  assertEquals(
    wayBack("file:///x/b.ts", "file:///x/a.ts", reading({ "a.ts": `import "./b.ts";`, "b.ts": `import "./c.ts";`, "c.ts": "" })),
    undefined,
  );
  assertEquals(wayBack("file:///x/b.ts", "file:///x/a.ts", reading({ "b.ts": `import "../y/c.ts";` })), undefined);
});

Deno.test("a ring beside the way does not keep the search going", () => {
  const files = { "b.ts": `import "./c.ts";`, "c.ts": `import "./b.ts";` };
  assertEquals(wayBack("file:///x/b.ts", "file:///x/a.ts", reading(files)), undefined);
});

Deno.test("imports of types and of several lines, exports and dynamic imports are found, comments and other texts are not", () => {
  const text = `
import type { A } from "./a.ts";
import {
  b,
  type B,
} from "./b.ts";
export { c } from './c.ts';
export * from "./d.ts"; import "./e.ts";
const f = await import("./f.ts");
/** import { g } from "./g.ts"; */
// import { h } from "./h.ts";
import { i } from "@std/path";
const text = 'see "./j.ts"';
export const url = new URL("./k.ts", import.meta.url);
export function from(path: string): string { return path + "./l.ts"; }
`;
  assertEquals(importsOf(text, "file:///x/y.ts"), ["a", "b", "c", "d", "e", "f"].map((name) => `file:///x/${name}.ts`));
});
