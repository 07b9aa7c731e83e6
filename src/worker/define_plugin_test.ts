import { assertEquals, assertStrictEquals } from "@std/assert";
import { type CallContext, definePlugin } from "./mod.ts";

const CONTEXT: CallContext = { callId: "1", args: [], signal: new AbortController().signal, reportProgress() {} };

Deno.test("definePlugin returns the plugin that it is given, with the types of its own methods", () => {
  const plugin = { execute: ({ text }: { text: string }) => text.toUpperCase() };
  const defined = definePlugin(plugin);
  assertStrictEquals(defined, plugin);
  const shouted: string = defined.execute({ text: "hello" });
  assertEquals(shouted, "HELLO");
});

Deno.test("definePlugin types the context from the plugin's place, and the arguments from the plugin", async () => {
  let factor = 1;
  const plugin = definePlugin({
    initialize(config: { factor: number }) {
      factor = config.factor;
    },
    execute({ n }: { n: number }, { reportProgress }) {
      reportProgress(1);
      return n * factor;
    },
    async *executeStream({ n }: { n: number }, { signal }) {
      for (let i = 0; i < n && !signal.aborted; i++) yield i * factor;
    },
  });
  plugin.initialize({ factor: 2 });
  assertEquals(plugin.execute({ n: 4 }, CONTEXT), 8);
  assertEquals(await Array.fromAsync(plugin.executeStream({ n: 3 }, CONTEXT)), [0, 2, 4]);
});

Deno.test("definePlugin refuses members of a wrong type", () => {
  // @ts-expect-error A name is a string.
  definePlugin({ name: 5, execute: () => null });
  // @ts-expect-error cleanup is a method.
  definePlugin({ execute: () => null, cleanup: 5 });
});
