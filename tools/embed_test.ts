import { assertEquals } from "@std/assert";
import { MEDIA_TYPES } from "../src/protocol/media_types.ts";
import { MAX_CONTROL_LINE_BYTES, MAX_FRAME_BYTES, MAX_HEADER_BYTES } from "../src/protocol/sizes.ts";
import { PACKAGE_VERSION, PROTOCOL_VERSION } from "../src/protocol/version.ts";
import { PYTHON_WORKER_PACK } from "../src/worker/generated/python_worker.ts";

/** What a constant of the Python worker is made of. */
function constant(name: string): string {
  return new RegExp(`^${name} = (.*?)(?:  #.*)?$`, "m").exec(PYTHON_WORKER_PACK)![1]!;
}

/** The same of one that is a product of numbers. */
function product(name: string): number {
  return constant(name).split(" * ").reduce((total, factor) => total * Number(factor), 1);
}

Deno.test("the Python worker has the numbers of the protocol", () => {
  assertEquals([constant("PROTOCOL"), constant("VERSION")], [`${PROTOCOL_VERSION}`, `"${PACKAGE_VERSION}"`]);
  assertEquals(product("MAX_START_LINE"), MAX_CONTROL_LINE_BYTES);
  assertEquals(product("MAX_HEAD"), MAX_HEADER_BYTES);
  assertEquals(product("MAX_FRAME"), MAX_FRAME_BYTES);
});

Deno.test("the Python worker has the protocol's media types", () => {
  assertEquals(JSON.parse(constant("MEDIA_TYPES: dict\\[str, str\\]")), MEDIA_TYPES);
});
