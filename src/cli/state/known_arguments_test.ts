import { assertEquals } from "@std/assert";
import type { MethodSignature } from "../../protocol/messages.ts";
import { KnownArguments } from "./known_arguments.ts";

function taking(...names: string[]): MethodSignature {
  return { arguments: { type: "object", properties: Object.fromEntries(names.map((name) => [name, {}])) } };
}

Deno.test("what a plugin takes is kept for shells, without names that one would run", async () => {
  const folder = await Deno.makeTempDir();
  const known = new KnownArguments(folder);
  assertEquals(await known.of("a/b"), []);
  await known.keep("a/b", { execute: taking("text", "$(touch x)", "two words", ";", "größe"), execute_stream: taking("text", "every_s") });
  assertEquals(await known.of("a/b"), ["--text", "--größe", "--every_s"]);
  await known.keep("a/b", { execute: taking("other") });
  assertEquals(await known.of("a/b"), ["--other"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("where nothing can be kept a call goes on", async () => {
  const file = await Deno.makeTempFile();
  const known = new KnownArguments(file);
  await known.keep("a", { execute: taking("text") });
  assertEquals(await known.of("a"), []);
  await Deno.remove(file);
});
