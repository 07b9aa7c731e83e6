import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { RemoteError } from "../errors.ts";
import { RemotePluginProxy } from "../plugin/proxy.ts";
import { definePlugin } from "../worker/mod.ts";
import { inMemoryWorker } from "./mod.ts";

const NEVER = new AbortController().signal;

Deno.test("An in-memory worker answers as a process does, without one", async () => {
  const shout = definePlugin({
    name: "shout",
    execute: ({ text }: { text: string }) => ({ text: text.toUpperCase(), nothing: undefined }),
  });
  const { exchange } = inMemoryWorker(shout);
  assertEquals(await Array.fromAsync(exchange({ endpoint: "execute", body: { kwargs: { text: "hello" } } }, NEVER)), [{
    result: { text: "HELLO" },
  }]);
});

Deno.test("An in-memory worker takes a class as well", async () => {
  class Counter {
    #count = 0;
    execute(): number {
      return ++this.#count;
    }
  }
  const { exchange } = inMemoryWorker(Counter, { maxConcurrency: 2 });
  await Array.fromAsync(exchange({ endpoint: "execute" }, NEVER));
  assertEquals(await Array.fromAsync(exchange({ endpoint: "execute" }, NEVER)), [{ result: 2 }]);
});

Deno.test("A plugin in an in-memory worker calls the functions that it is given", async () => {
  const plugin = { execute: async ({ lookup }: { lookup: (word: string) => Promise<string[]> }) => (await lookup("bank")).join(", ") };
  await using proxy = await RemotePluginProxy.attach(inMemoryWorker(plugin));
  assertEquals(await proxy.execute({ lookup: (word: string) => [word, "shore"] }), "bank, shore");
  const failing = proxy.execute({
    lookup: () => {
      throw new RangeError("no such word");
    },
  });
  assertInstanceOf((await assertRejects(() => failing, RemoteError)).cause, RangeError);
});

Deno.test("An in-memory worker gathers calls", async () => {
  const { exchange } = inMemoryWorker({
    executeBatch: (items: readonly { value: number }[]) => items.map(({ value }) => [value, items.length]),
  }, {
    batch: { max_size: 3 },
  });
  const ask = (value: number) => Array.fromAsync(exchange({ endpoint: "execute", body: { kwargs: { value } } }, NEVER));
  assertEquals(await Promise.all([1, 2, 3].map(ask)), [[{ result: [1, 3] }], [{ result: [2, 3] }], [{ result: [3, 3] }]]);
});

Deno.test("An in-memory worker refuses what is no plugin", () => {
  class Nothing {}
  assertThrows(() => inMemoryWorker(Nothing), TypeError, '"execute", "executeStream" or "executeBatch"');
});
