import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { MessageChannel } from "node:worker_threads";
import { LaneIn, laneMemory, LaneOut } from "./lane.ts";
import type { LaneEnd } from "./bridge_messages.ts";

/** Both ends of a lane, in one thread. */
class Lane implements Disposable {
  readonly memory: Pick<LaneEnd, "counts" | "bytes"> = laneMemory();
  readonly #channel = new MessageChannel();
  readonly in: LaneIn<unknown>;
  readonly out: LaneOut<unknown>;

  constructor(sent = 0) {
    this.memory.counts.fill(sent, 0, 2);
    this.in = new LaneIn({ ...this.memory, port: this.#channel.port1 as unknown as MessagePort });
    this.out = new LaneOut({ ...this.memory, port: this.#channel.port2 as unknown as MessagePort });
  }

  takeAll(): unknown[] {
    const taken: unknown[] = [];
    for (let message = this.out.take(); message !== undefined; message = this.out.take()) taken.push(message);
    return taken;
  }

  [Symbol.dispose](): void {
    this.#channel.port1.close();
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

Deno.test("what comes out of a lane is what was put in, in its order, however much waits", () => {
  using lane = new Lane();
  const plain = fc.jsonValue({ maxDepth: 3 }).filter((value) => value !== undefined);
  const message = fc.oneof(plain, fc.string({ unit: "binary" }), fc.constantFrom(...ODD));
  fc.assert(fc.property(fc.array(fc.array(message, { maxLength: 4 })), (rounds) => {
    for (const messages of rounds) {
      for (const one of messages) lane.in.send(one);
      const taken = lane.takeAll();
      assertEquals(taken, messages);
      taken.forEach((value, at) => assertEquals(Object.is(value, -0), Object.is(messages[at], -0)));
    }
  }));
});

Deno.test("keys that mean something elsewhere come through a lane as they are", () => {
  using lane = new Lane();
  const message = JSON.parse('{"__proto__": {"x": 1}, "": 0}');
  lane.in.send(message);
  assertEquals(Object.keys(lane.out.take() as object), ["__proto__", ""]);
});

Deno.test("the counters of a lane may wrap", () => {
  for (const start of [2 ** 31 - 3, -3]) {
    using lane = new Lane(start);
    const messages = Array.from({ length: 8 }, (_, number) => ({ number }));
    for (const message of messages) {
      lane.in.send(message);
      lane.in.send([message]);
      assertEquals(lane.takeAll(), [message, [message]]);
    }
  }
});

Deno.test("a lane refuses what no thread can be given, and goes on", () => {
  using lane = new Lane();
  assertThrows(() => lane.in.send({ call: () => {} }), DOMException);
  lane.in.send("next");
  assertEquals(lane.takeAll(), ["next"]);
});
