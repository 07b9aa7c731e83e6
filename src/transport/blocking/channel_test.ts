import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { MessageChannel } from "node:worker_threads";
import { channelMemory, ChannelReader, ChannelWriter } from "./channel.ts";
import type { ChannelEnd } from "./messages.ts";

/** Both ends of a channel, in one thread. */
class Channel implements Disposable {
  readonly memory: Pick<ChannelEnd, "counts" | "bytes"> = channelMemory();
  readonly #port = new MessageChannel();
  readonly in: ChannelWriter<unknown>;
  readonly out: ChannelReader<unknown>;

  constructor(sent = 0) {
    this.memory.counts.fill(sent, 0, 2);
    this.in = new ChannelWriter({ ...this.memory, port: this.#port.port1 as unknown as MessagePort });
    this.out = new ChannelReader({ ...this.memory, port: this.#port.port2 as unknown as MessagePort });
  }

  takeAll(): unknown[] {
    const taken: unknown[] = [];
    for (let message = this.out.take(); message !== undefined; message = this.out.take()) taken.push(message);
    return taken;
  }

  [Symbol.dispose](): void {
    this.#port.port1.close();
  }
}

const ODD = [
  { id: 1, value: NaN },
  [-0, Infinity],
  new Uint8Array([1, 2]),
  [undefined],
  new Map([[1, 2]]),
  10n,
  "long ".repeat(10_000),
  { many: Array.from({ length: 1_000 }, (_, number) => number) },
];

Deno.test("what comes out of a channel is what was put in, in its order, however much waits", () => {
  using channel = new Channel();
  const plain = fc.jsonValue({ maxDepth: 3 }).filter((value) => value !== undefined);
  const message = fc.oneof(plain, fc.string({ unit: "binary" }), fc.constantFrom(...ODD));
  fc.assert(fc.property(fc.array(fc.array(message, { maxLength: 4 })), (rounds) => {
    for (const messages of rounds) {
      for (const one of messages) channel.in.send(one);
      const taken = channel.takeAll();
      assertEquals(taken, messages);
      taken.forEach((value, at) => assertEquals(Object.is(value, -0), Object.is(messages[at], -0)));
    }
  }));
});

Deno.test("keys that mean something elsewhere come through a channel as they are", () => {
  using channel = new Channel();
  const message = JSON.parse('{"__proto__": {"x": 1}, "": 0}');
  channel.in.send(message);
  assertEquals(Object.keys(channel.out.take() as object), ["__proto__", ""]);
});

Deno.test("the counters of a channel may wrap", () => {
  for (const start of [2 ** 31 - 3, -3]) {
    using channel = new Channel(start);
    const messages = Array.from({ length: 8 }, (_, number) => ({ number }));
    for (const message of messages) {
      channel.in.send(message);
      channel.in.send([message]);
      assertEquals(channel.takeAll(), [message, [message]]);
    }
  }
});

Deno.test("a channel refuses what no thread can be given, and goes on", () => {
  using channel = new Channel();
  assertThrows(() => channel.in.send({ call: () => {} }), DOMException);
  channel.in.send("next");
  assertEquals(channel.takeAll(), ["next"]);
});
