import { assertEquals, assertStringIncludes } from "@std/assert";
import plugin from "./layer_lint.ts";

const ROOT = new URL("../", import.meta.url);

/** What the rules say about a file with this text; `file` is its path in the repository. */
function lint(file: string, text: string): string[] {
  const url = new URL(file, ROOT).pathname;
  return Deno.lint.runPlugin(plugin, decodeURIComponent(url.replace(/^\/(?=[A-Za-z]:)/, "")), text).map((found) => found.message);
}

Deno.test("a folder may import those below it and itself", () => {
  assertEquals(lint("src/plugin/x.ts", `import { a } from "../transport/a.ts"; import { b } from "./b.ts";`), []);
  assertEquals(lint("src/testing/mod.ts", `import { a } from "../worker/a.ts"; import { b } from "../plugin/b.ts";`), []);
  assertEquals(lint("src/manifest/x.ts", `import { PluginError } from "../errors.ts";`), []);
});

Deno.test("a folder may not import one above it", () => {
  const [message] = lint("src/process/x.ts", `import { a } from "../plugin/a.ts";`);
  assertStringIncludes(message!, `"process" may not import "plugin", it may import itself and "errors", "protocol"`);
  assertEquals(lint("src/testing/x.ts", `import { a } from "../gateway/a.ts";`).length, 1);
  assertEquals(lint("src/plugin/x.ts", `import { a } from "../worker/a.ts";`).length, 1);
});

Deno.test("the wire imports nothing outside itself", () => {
  assertEquals(lint("src/protocol/x.ts", `import { a } from "./a.ts";`), []);
  assertEquals(lint("src/protocol/x.ts", `import { PluginError } from "../errors.ts";`).length, 1);
  assertEquals(lint("src/protocol/x.ts", `import { join } from "@std/path";`).length, 1);
  assertEquals(lint("src/protocol/x.ts", `import { Buffer } from "node:buffer";`).length, 1);
});

Deno.test("a worker knows the wire alone and imports by relative path", () => {
  assertEquals(lint("src/worker/deno/x.ts", `import { a } from "../../protocol/a.ts";`), []);
  assertEquals(lint("src/worker/deno/x.ts", `import { PluginError } from "../../errors.ts";`).length, 1);
  assertEquals(lint("src/worker/deno/x.ts", `import { join } from "@std/path";`).length, 1);
  assertEquals(lint("src/worker/deno/x.ts", `await import("node:process");`).length, 1);
});

Deno.test("whoever starts a process may import the workers' texts, and nothing else of a worker", () => {
  assertEquals(lint("src/process/x.ts", `import { a } from "../worker/generated/deno_worker.ts";`), []);
  assertEquals(lint("src/process/x.ts", `import { a } from "../worker/generated/python_worker.ts";`), []);
  assertEquals(lint("src/process/x.ts", `import { a } from "../worker/mod.ts";`).length, 1);
  assertEquals(lint("src/plugin/x.ts", `import { a } from "../worker/generated/python_worker.ts";`).length, 1);
});

Deno.test("types, exports and dynamic imports count as imports", () => {
  assertEquals(lint("src/errors.ts", `import type { A } from "./manifest/a.ts";`).length, 1);
  assertEquals(lint("src/errors.ts", `export { a } from "./manifest/a.ts";`).length, 1);
  assertEquals(lint("src/errors.ts", `export * from "./manifest/a.ts";`).length, 1);
  assertEquals(lint("src/errors.ts", `await import("./manifest/a.ts");`).length, 1);
});

Deno.test("nothing in src imports mod.ts, the package by its own name, or a file that is not published", () => {
  assertEquals(lint("src/plugin/x.ts", `import { a } from "../../mod.ts";`).length, 1);
  assertEquals(lint("src/plugin/x.ts", `import { a } from "@remote-plugin/proxy";`).length, 1);
  assertEquals(lint("src/plugin/x.ts", `import { a } from "../../tools/a.ts";`).length, 1);
});

Deno.test("a new folder of src has to be given a place", () => {
  assertStringIncludes(lint("src/misc/x.ts", `import { a } from "../errors.ts";`)[0]!, `"src/misc" is in no layer`);
});

Deno.test("what is not in src may import anything", () => {
  assertEquals(lint("mod.ts", `export { a } from "./src/plugin/a.ts";`), []);
  assertEquals(lint("tests/workers/x_test.ts", `import { a } from "../../src/manager/a.ts"; console.log(a);`), []);
});

Deno.test("a unit test may import the assertions, but no higher folder", () => {
  assertEquals(lint("src/protocol/x_test.ts", `import { assertEquals } from "@std/assert";`), []);
  assertEquals(lint("src/protocol/x_test.ts", `import { a } from "../plugin/a.ts";`).length, 1);
});

Deno.test("only the command line prints", () => {
  assertEquals(lint("src/plugin/x.ts", `console.log("x");`), ["A library does not print"]);
  assertEquals(lint("src/cli/x.ts", `console.log("x");`), []);
  assertEquals(lint("src/plugin/x_test.ts", `console.log("x");`), []);
});

Deno.test("files of one folder that import each other in a ring are refused, those of the tools too", () => {
  const [message, ...others] = lint("tools/rings.ts", `import type { Plugin } from "./layer_lint.ts"; import { capture } from "./run.ts";`);
  assertEquals([message, others], ["This import closes a ring: rings.ts → layer_lint.ts → rings.ts", []]);
  assertEquals(lint("tools/x.ts", `import { wayBack } from "./layer_lint.ts";`), []);
});
