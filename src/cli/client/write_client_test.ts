import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ProtocolError } from "../../errors.ts";
import type { JsonSchema } from "../../plugin/type_schema.ts";
import { writeClient } from "./write_client.ts";

function facts(result: JsonSchema) {
  return { plugin: "hostile", schemas: { execute: { result } }, manifest: "./hostile.json", command: "remote-plugin gen ./hostile.json" };
}

/** An object of very many objects: the library looks at all for each. */
function wide(members: number): JsonSchema {
  const inner = { type: "object", properties: { x: { type: "string" } }, title: "T" };
  return { type: "object", properties: Object.fromEntries(Array.from({ length: members }, (_, at) => [`p${at}`, inner])) };
}

function deep(levels: number): JsonSchema {
  return levels === 0 ? { type: "string" } : { type: "object", properties: { a: deep(levels - 1) } };
}

Deno.test("a client is written in a thread of its own, and schemas within schemas are unknown from some depth on", async () => {
  const { signal } = new AbortController();
  assertStringIncludes(await writeClient(facts(wide(3)), { signal }), "p2?: T");
  const levels = (await writeClient(facts(deep(1_000)), { signal })).split("a?: ").length;
  assertEquals(levels > 50 && levels < 150, true, `${levels} levels`);
});

Deno.test("schemas of which no types can be made in time are an error, and Ctrl-C ends it before", async () => {
  const { signal } = new AbortController();
  const error = await assertRejects(() => writeClient(facts(wide(20_000)), { signal, limitMs: 300 }), ProtocolError);
  assertEquals(error.message, 'Cannot make types of the schemas of "hostile": that takes more than 300 ms');
  const abort = new AbortController();
  const writing = writeClient(facts(wide(20_000)), { signal: abort.signal });
  abort.abort(new Error("Ctrl-C"));
  await assertRejects(() => writing, Error, "Ctrl-C");
});
