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

Deno.test("definePlugin types the context, and lets a plugin keep a state of its own", async () => {
  const plugin = definePlugin({
    factor: 1,
    initialize({ factor }: { factor: number }) {
      this.factor = factor;
    },
    execute({ n }: { n: number }, { reportProgress }) {
      reportProgress(1);
      return n * this.factor;
    },
    async *executeStream({ n }: { n: number }, { signal }) {
      for (let i = 0; i < n && !signal.aborted; i++) yield i * this.factor;
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
