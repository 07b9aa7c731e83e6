import { assertEquals, assertRejects } from "@std/assert";
import type { BridgeControl } from "../transport/blocking/server.ts";
import { type Batch, RunAhead } from "./run_ahead.ts";

const READER: BridgeControl = {
  signal: new AbortController().signal,
  onProgress: () => {},
  ask: () => Promise.reject(new Error("Nobody is asked")),
};

/** A stream of numbers, and what has happened to it. */
class Numbers {
  made = 0;
  ended = false;

  open(count: number, failure?: Error): (control: BridgeControl) => AsyncGenerator<number, void, void> {
    return (control) => this.#run({ count, failure, control });
  }

  async *#run({ count, failure, control }: { count: number; failure?: Error; control: BridgeControl }): AsyncGenerator<number, void, void> {
    try {
      while (this.made < count) {
        control.onProgress({ progress: this.made / count, message: "" });
        yield this.made++;
        await Promise.resolve();
      }
      if (failure !== undefined) throw failure;
    } finally {
      this.ended = true;
    }
  }
}

const onChunk = (value: unknown) => ({ value });
const valuesOf = ({ chunks }: Batch) => chunks.map(({ value }) => value);

/** All that is read ahead has been read when the queue of microtasks is empty. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

async function readAll(ahead: RunAhead): Promise<unknown[]> {
  const chunks: unknown[] = [];
  while (true) {
    const batch = await ahead.pull(READER);
    chunks.push(...valuesOf(batch));
    if (batch.done) return chunks;
  }
}

Deno.test("a reader gets every chunk once and in order", async () => {
  const ahead = new RunAhead(new Numbers().open(1_000), { reports: false, onChunk });
  assertEquals(await readAll(ahead), Array.from({ length: 1_000 }, (_, number) => number));
  assertEquals(ahead.ended, true);
});

Deno.test("256 small chunks of a stream are read ahead while nobody reads", async () => {
  const numbers = new Numbers();
  const ahead = new RunAhead(numbers.open(1_000), { reports: false, onChunk });
  await settled();
  assertEquals(numbers.made, 256);
  assertEquals((await ahead.pull(READER)).chunks.length, 256);
  await settled();
  assertEquals(numbers.made, 512);
  await ahead.close();
  assertEquals(numbers.ended, true);
});

Deno.test("of chunks that are not small no more than 32 are read ahead", async () => {
  let made = 0;
  async function* texts(): AsyncGenerator<string, void, void> {
    while (true) yield `${made++}`;
  }
  const ahead = new RunAhead(texts, { reports: false, onChunk: (value) => ({ text: JSON.stringify(value) }) });
  await settled();
  assertEquals(made, 32);
  assertEquals((await ahead.pull(READER)).chunks.length, 32);
  await ahead.close();
});

Deno.test("a stream with reports is read when somebody asks, and its reports go to who asks", async () => {
  const numbers = new Numbers();
  const ahead = new RunAhead(numbers.open(3), { reports: true, onChunk });
  await settled();
  assertEquals(numbers.made, 0);
  const seen: unknown[] = [];
  const reader = { ...READER, onProgress: ({ progress }: { progress: number }) => seen.push(progress) };
  for (let count = 0; count < 3; count++) seen.push(...valuesOf(await ahead.pull(reader)));
  assertEquals(seen, [0, 0, 1 / 3, 1, 2 / 3, 2]);
  assertEquals(await ahead.pull(reader), { chunks: [], done: true });
});

Deno.test("what a stream throws comes after its chunks", async () => {
  const ahead = new RunAhead(new Numbers().open(2, new RangeError("late")), { reports: false, onChunk });
  await settled();
  assertEquals(await ahead.pull(READER), { chunks: [{ value: 0 }, { value: 1 }], done: false });
  await assertRejects(() => ahead.pull(READER), RangeError, "late");
  assertEquals(ahead.ended, true);
});
