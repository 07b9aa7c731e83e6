import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { CallError, PluginStateError } from "@remote-plugin/proxy";
import { BlockingBridge } from "../../src/transport/blocking/bridge.ts";
import { BOTH, gone, startBlocking, startFixture } from "../support/fixture_proxy.ts";

type Request = "answer" | "reject" | "throw" | "function" | "error" | "memory";

function open(thread: string): BlockingBridge<Request> {
  return new BlockingBridge(new URL(`../fixtures/threads/${thread}.ts`, import.meta.url).href, "bridged");
}

for (const [request, reason] of [["reject", "nobody waits for this"], ["throw", "not valid JSON"]] as const) {
  Deno.test(`a thread that fails outside of every request (${request}) ends the call that waits for it, and all later ones`, () => {
    using bridge = open("breaks");
    assertEquals(bridge.ask("answer"), "answered");
    assertStringIncludes(assertThrows(() => bridge.ask(request), PluginStateError).message, reason);
    assertStringIncludes(assertThrows(() => bridge.ask("answer"), PluginStateError).message, reason);
  });
}

Deno.test("a thread whose module throws is an error that says what it threw", () => {
  using bridge = open("does_not_load");
  assertStringIncludes(assertThrows(() => bridge.ask("answer"), PluginStateError).message, "no thread today");
});

Deno.test("a thread whose module is not there is an error that names it", () => {
  using bridge = open("no_such_thread");
  assertStringIncludes(assertThrows(() => bridge.ask("answer"), PluginStateError).message, "no_such_thread.ts");
});

Deno.test("a bridge that was disposed of answers nothing, and disposing of it twice is harmless", () => {
  const bridge = open("breaks");
  bridge[Symbol.dispose]();
  bridge[Symbol.dispose]();
  assertStringIncludes(assertThrows(() => bridge.ask("answer"), PluginStateError).message, "it was ended");
});

Deno.test("an answer or an error that no thread can be given is that request's error, and the next one is answered", () => {
  using bridge = open("odd");
  assertThrows(() => bridge.ask("function"), Error, "could not be cloned");
  assertEquals(bridge.ask("answer"), "answered");
  assertThrows(() => bridge.ask("error"), PluginStateError, "odd");
  assertEquals(bridge.ask("answer"), "answered");
});

Deno.test("memory is handed over by a thread", () => {
  using bridge = open("odd");
  assertEquals((bridge.ask("memory") as { memory: ArrayBuffer }).memory.byteLength, 16_000_000);
});

for (const face of BOTH) {
  Deno.test(`${face.worker}, blocking: after a failure of the bridge every call says so, and cleanup() ends the worker`, async () => {
    const threads = globalThis.process.getBuiltinModule("node:worker_threads");
    const { receiveMessageOnPort } = threads;
    let fails = false;
    threads.receiveMessageOnPort = (port) => {
      if (fails) throw new RangeError("Invalid array length");
      return receiveMessageOnPort(port);
    };
    try {
      const plugin = await startBlocking(face, "echo");
      const { pid } = plugin;
      fails = true;
      const call = () => plugin.execute({ text: "x".repeat(100_000) });
      for (const run of [call, call]) assertThrows(run, PluginStateError, "its answer cannot be read: Invalid array length");
      plugin.cleanup();
      plugin.cleanup();
      await gone(pid!);
    } finally {
      threads.receiveMessageOnPort = receiveMessageOnPort;
    }
  });
}

Deno.test("arguments that are too long for JSON are that call's error, on both faces", async () => {
  const text = "\0".repeat(90_000_000); // Each of them takes six characters.
  using plugin = await startBlocking(BOTH[0]!, "echo");
  await using asynchronous = await startFixture(BOTH[0]!, "echo");
  const error = assertThrows(() => plugin.execute({ text }), CallError, "too long or nested too deeply for JSON");
  await assertRejects(() => asynchronous.execute({ text }), CallError, "too long or nested too deeply for JSON");
  const echoed = { args: [], kwargs: { text: "short" } };
  assertEquals([error.code, plugin.execute({ text: "short" }), await asynchronous.execute({ text: "short" })], [
    "invalid_arguments",
    echoed,
    echoed,
  ]);
});
