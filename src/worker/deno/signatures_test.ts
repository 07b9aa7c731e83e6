import { assertEquals } from "@std/assert";
import { signaturesOf } from "./signatures.ts";

const TAKES = { type: "object" };
const NONE = new Map<string, string>();
const TEXT = { type: "string" };
const NUMBER = { type: "number" };

Deno.test("A plugin's schemas stand under the endpoints that they are about", () => {
  const plugin = { argumentsSchema: TAKES, resultSchema: TEXT, chunkSchema: NUMBER, execute: () => "", executeStream: () => [1] };
  assertEquals(signaturesOf(plugin, NONE), {
    execute: { arguments: TAKES, result: TEXT },
    execute_stream: { arguments: TAKES, chunk: NUMBER },
  });
});

Deno.test("Without executeStream the one chunk is what execute returns, without execute there is no result", () => {
  assertEquals(signaturesOf({ resultSchema: TEXT, execute: () => "" }, NONE).execute_stream?.chunk, TEXT);
  assertEquals("execute" in signaturesOf({ chunkSchema: TEXT, executeStream: () => [""] }, NONE), false);
});
