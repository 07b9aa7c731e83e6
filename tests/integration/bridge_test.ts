import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { PluginStateError } from "@remote-plugin/proxy";
import { BlockingBridge } from "../../src/transport/blocking_bridge.ts";

type Request = "answer" | "reject" | "throw";

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
