import { assertEquals, assertThrows } from "@std/assert";
import { loadPlugin, pluginFromModule } from "./load_plugin.ts";

const DEFAULT = { kind: "class", name: "default" } as const;
const LABEL = { name: "manifest's", version: "1.0.0" };

Deno.test("A class is constructed without arguments", () => {
  class Counter {
    readonly name = "counter";
    execute(): null {
      return null;
    }
  }
  assertEquals(pluginFromModule({ Counter }, { kind: "class", name: "Counter" }, LABEL).ready, {
    name: "counter",
    version: "1.0.0",
    methods: ["execute"],
  });
});

Deno.test("A missing export is named, beside those that there are", () => {
  assertThrows(() => pluginFromModule({ a: 1, b: 2 }, DEFAULT, LABEL), TypeError, 'no export "default". It exports "a", "b"');
  assertThrows(() => pluginFromModule({}, DEFAULT, LABEL), TypeError, "It exports nothing");
});

Deno.test("What has neither execute nor executeStream is no plugin", () => {
  for (const value of [null, undefined, 5, "x", {}, { execute: 5 }, class {}]) {
    assertThrows(() => loadPlugin(value, LABEL), TypeError, '"execute", "executeStream" or "executeBatch"');
  }
});

Deno.test("What a plugin's constructor throws is thrown", () => {
  class Broken {
    constructor() {
      throw new RangeError("in the constructor");
    }
  }
  assertThrows(() => loadPlugin(Broken, LABEL), RangeError, "in the constructor");
});
