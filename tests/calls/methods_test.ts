import { assertEquals, assertRejects, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { CallError, CallTimeoutError, PluginStateError, RemoteError, RemotePluginProxy, WorkerStartError } from "@remote-plugin/proxy";
import { inMemoryWorker } from "@remote-plugin/proxy/testing";
import type { EitherProxy } from "../support/awaited_proxy.ts";
import {
  attachEither,
  BOTH,
  BOTH_OF_EITHER,
  FACES_OF_EITHER,
  fixtureManifest,
  foreignManifest,
  labelOf,
  startEither,
  startFixture,
} from "../support/fixture_proxy.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";

/** The public methods of the fixture, the inherited one included. */
const OWN = ["each", "echoes", "fails", "größe", "inherited", "later", "reports", "shout", "twice", "waits", "words"];

/** Names that stand otherwise in a path, or mean something elsewhere. */
const ODD = ["it's (fine)!", "a b", "a/b", "../a", "a%2Fb", "a?b=c#d", "a\nb", "ü💥", "then", "name"];

/** Names by which nothing may be reached. */
const NOT_THERE = [
  ...[
    "_secret",
    "__init__",
    "__class__",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "state",
    "limit",
    "Settings",
    "handler",
  ],
  ...["hidden", "execute", "execute_stream", "executeStream", "initialize", "cleanup", "cancel", "report_progress", "check_cancel"],
  ...["", " ", "words ", "a b", "a/b", "../health", "shout\n", "shout call=x", "%73hout", "words?", "\ud800", "x".repeat(100_000), "💥"],
];

for (const face of FACES_OF_EITHER) {
  Deno.test(`${labelOf(face)}: methods are called by their names, whole and piece by piece`, async () => {
    await using plugin = await startEither(face, "methods");
    assertEquals(await plugin.call("shout", { text: "hi", times: 2 }), "HIHI");
    assertEquals(await plugin.call("words", { text: "one two" }), ["one", "two"]);
    assertEquals(await Array.fromAsync(plugin.stream("words", { text: "one two" })), ["one", "two"]);
    assertEquals(await Array.fromAsync(plugin.stream("shout", { text: "hi" })), ["HI"]);
    assertEquals(await plugin.call("later", { text: "soon" }), "soon later");
    assertEquals(await plugin.call("each", { text: "one two" }), ["one", "two"]);
    assertEquals(await Array.fromAsync(plugin.stream("each", { text: "one two" })), ["one", "two"]);
    assertEquals([await plugin.call("twice", { text: "ab" }), await plugin.call("inherited")], ["abab", "inherited"]);
    assertEquals([await plugin.call("größe", { text: "four" }), await plugin.execute({ text: "as it was" })], [4, "as it was"]);
  });
}

for (const face of FACES_OF_EITHER) {
  Deno.test(`${labelOf(face)} over ${face.transport}: a method is called by whatever name it has, and what no request can name is none`, async () => {
    await using plugin = await startEither(face, "odd_names");
    for (const name of ODD) {
      assertEquals(await plugin.call(name, { given: 1 }), [name, 1]);
      assertEquals(await Array.fromAsync(plugin.stream(name, { given: 2 })), [[name, 2]]);
    }
    for (const name of ["", ".", "..", "\ud800"]) {
      const error = await assertRejects(() => plugin.call(name, { given: 1 }), CallError, `it has no method "${name}". `);
      assertEquals([error.code, /"\.{0,2}" *,/.test(error.message)], ["not_supported", false]);
    }
    const error = await assertRejects(() => plugin.call("größe"), CallError);
    assertStringIncludes(error.message, 'it has no method "größe"');
  });
}

for (const face of BOTH_OF_EITHER) {
  Deno.test(`${labelOf(face)}: what is no public method cannot be reached by its name, and the next call works`, async () => {
    await using plugin = await startEither(face, "methods");
    for (const name of NOT_THERE) {
      const error = await assertRejects(() => plugin.call(name), CallError);
      assertEquals([name, error.code, error.message.length < 500], [name, "not_supported", true]);
    }
    const error = await assertRejects(() => Array.fromAsync(plugin.stream("shuot")), CallError, 'The nearest name is "shout"');
    assertStringIncludes(error.message, 'Cannot run "shuot" of "methods": it has no method "shuot"');
    await assertRejects(() => plugin.call("nothing-like-it"), CallError, 'Known are "each", "echoes"');
    for (const wrong of [undefined, null, 5, {}, [], Symbol("x"), () => "shout"]) {
      assertEquals((await assertRejects(() => plugin.call(wrong as unknown as string), CallError)).code, "not_supported");
    }
    assertEquals(await plugin.call("shout", { text: "hi" }), "HI");
  });

  Deno.test(`${labelOf(face)}: a method's arguments, errors, progress and limits are those of any call`, async () => {
    await using plugin = await startEither(face, "methods");
    const given = { n: NaN, list: [-0, Infinity], text: "ü", nothing: null };
    assertEquals(await plugin.call("echoes", given), given);
    const error = await assertRejects(() => plugin.call("fails"), RemoteError, '"fails" of "methods" failed with ValueError: no such word');
    assertEquals([error.remoteType, error.traceback.includes("fails")], ["ValueError", true]);
    const seen: unknown[] = [];
    assertEquals(await plugin.call("reports", {}, { onProgress: ({ progress, message }) => seen.push([progress, message]) }), "done");
    assertEquals(seen, [[0.5, "half"]]);
    await assertRejects(() => plugin.call("shout", { text: "x" }, { timeoutMs: -1 }), CallError, "timeoutMs");
    await plugin.cleanup();
    await assertRejects(() => plugin.call("shout", { text: "x" }), PluginStateError, "after cleanup()");
    await assertRejects(() => Array.fromAsync(plugin.stream("words", { text: "x" })), PluginStateError, "after cleanup()");
  });

  Deno.test(`${labelOf(face)}: methods are told with what they take and give`, async () => {
    await using plugin = await startEither(face, "methods");
    const { methods = {} } = await plugin.getSignatures();
    assertEquals(Object.keys(methods).sort(), OWN);
    const { description, arguments: takes, result, chunk } = methods.shout!;
    assertEquals([description, result, chunk], ["Says it loudly.", { type: "string" }, undefined]);
    assertEquals(takes?.properties, { text: { type: "string", description: "What is said." }, times: { type: "integer", default: 1 } });
    assertEquals(methods.words?.chunk, { type: "string" });
    assertEquals(methods.words?.result, { type: "array", items: { type: "string" } });
  });

  Deno.test(`${labelOf(face)}: a function is a plugin`, async () => {
    const manifest = { class: undefined, function: "embed" };
    await using plugin = await startEither(face, "functions", { manifest });
    const seen: number[] = [];
    assertEquals(await plugin.execute({ text: "hi", times: 2 }, { onProgress: ({ progress }) => seen.push(progress) }), "HIHI");
    assertEquals([seen, plugin.name, plugin.version], [[0.5], "functions", "1.2.3"]);
    assertEquals(await Array.fromAsync(plugin.executeStream({ text: "hi" })), ["HI"]);
    assertEquals((await plugin.getSignatures()).methods, undefined);
    await plugin.initialize();
    assertEquals(await plugin.getConfigSchema(), {});
    assertEquals((await assertRejects(() => plugin.call("embed", { text: "hi" }), CallError)).code, "not_supported");
    for (const name of ["words", "each"]) {
      await using generator = await startEither(face, "functions", { manifest: { class: undefined, function: name } });
      assertEquals(await generator.execute({ text: "one two" }), ["one", "two"]);
      assertEquals(await Array.fromAsync(generator.executeStream({ text: "one two" })), ["one", "two"]);
    }
  });

  Deno.test(`${labelOf(face)}: what is no function of the module cannot be a plugin by that name`, async () => {
    const start = (name: string) => startEither(face, "functions", { manifest: { class: undefined, function: name } });
    await assertRejects(() => start("embde"), WorkerStartError, "embed");
    await assertRejects(() => start("Model"), WorkerStartError, 'is a class. Name it as "class"');
    await assertRejects(() => start("value"), WorkerStartError, "is no function");
    const wrong = () => startEither(face, "functions", { manifest: { class: "embed" } });
    await assertRejects(wrong, WorkerStartError, '"embed" is a function. Name it as "function" in the manifest');
    assertEquals(
      (await assertRejects(() => startEither(face, "functions", { manifest: { class: "value" } }), WorkerStartError)).phase,
      "load",
    );
  });
}

for (const face of BOTH) {
  Deno.test(`${labelOf(face)}: many calls of methods wait their turn, one is given up, and the next works`, async () => {
    await using plugin = await startFixture(face, "methods", { manifest: { max_concurrency: 2 } });
    const calls = Array.from({ length: 50 }, (_, at) => plugin.call("shout", { text: `${at}` }));
    assertEquals(await Promise.all(calls), Array.from({ length: 50 }, (_, at) => `${at}`));
    await assertRejects(() => plugin.call("waits", {}, { timeoutMs: 50 }), CallTimeoutError);
    const [abort, reason] = [new AbortController(), new Error("enough")];
    const given = plugin.call("waits", {}, { signal: abort.signal, onProgress: () => abort.abort(reason) });
    assertStrictEquals(await given.catch((error) => error), reason);
    assertEquals(await plugin.call("shout", { text: "x" }), "X");
  });

  Deno.test(`${labelOf(face)}: who attaches calls methods too`, async () => {
    await using plugin = await startFixture(face, "methods");
    for (const blocking of [false, true]) {
      await using attached = await attachEither({ ...face, blocking }, plugin.endpoint!);
      assertEquals(await attached.call("shout", { text: "hi" }), "HI");
      await assertRejects(() => attached.call("shuot"), CallError, 'The nearest name is "shout"');
    }
  });

  Deno.test(`${labelOf(face)}: a managed plugin's methods are called on its workers`, async () => {
    await using managed = await ManagerWatch.create({ manifests: [await fixtureManifest(face, "methods")] });
    await using plugin = managed.manager.get("methods");
    assertEquals(await plugin.call("shout", { text: "hi" }), "HI");
    assertEquals(await Array.fromAsync(plugin.stream("words", { text: "one two" })), ["one", "two"]);
    await assertRejects(() => plugin.call("shuot"), CallError, 'The nearest name is "shout"');
  });
}

Deno.test("an in-memory worker has methods by name, and takes a function", async () => {
  const tools = { double: ({ n }: { n: number }) => 2 * n, _hidden: () => 1 };
  await using plugin: EitherProxy = await RemotePluginProxy.attach(inMemoryWorker(tools));
  assertEquals(await plugin.call("double", { n: 21 }), 42);
  await assertRejects(() => plugin.call("_hidden"), CallError, '"double"');
  await assertRejects(() => plugin.execute(), CallError, 'it has no "execute"');
  await using shout = await RemotePluginProxy.attach(inMemoryWorker(({ text }: { text: string }) => text.toUpperCase()));
  assertEquals(await shout.execute({ text: "hi" }), "HI");
});

Deno.test("a worker of the original has no methods by name, and says so", async () => {
  await using plugin = await RemotePluginProxy.start(foreignManifest());
  assertEquals((await assertRejects(() => plugin.call("shout"), CallError)).code, "not_supported");
});
