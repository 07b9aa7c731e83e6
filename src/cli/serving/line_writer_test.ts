import { assertEquals } from "@std/assert";
import { type LineTarget, LineWriter } from "./line_writer.ts";

/** Takes bytes when the test says so, so many at a time. */
class SlowTarget implements LineTarget {
  text = "";
  #free = Promise.withResolvers<void>();

  free(): void {
    this.#free.resolve();
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#free.promise;
    const taken = bytes.subarray(0, 3);
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }
}

Deno.test("lines are written whole and in their order, however little is taken at once", async () => {
  const target = new SlowTarget();
  {
    await using writer = new LineWriter(target, { onLoss: (reason) => assertEquals(reason, undefined) });
    for (const line of ["one", "two", "three"]) writer.write(line);
    target.free();
  }
  assertEquals(target.text, "one\ntwo\nthree\n");
});

Deno.test("lines beyond those that may wait are lost, which is told once", async () => {
  const target = new SlowTarget();
  const losses: string[] = [];
  {
    await using writer = new LineWriter(target, { onLoss: (reason) => losses.push(reason), maxWaiting: 2 });
    for (const line of ["1", "2", "3", "4", "5"]) writer.write(line);
    target.free();
  }
  assertEquals([target.text, losses], ["1\n2\n3\n", ["more than 2 lines wait to be written"]]);
});

Deno.test("a file that has failed is written to again", async () => {
  let isFull = true;
  let text = "";
  const losses: string[] = [];
  const target = {
    write(bytes: Uint8Array): Promise<number> {
      if (isFull) return Promise.reject(new Error("No space left on device"));
      text += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    },
  };
  const writer = new LineWriter(target, { onLoss: (reason) => losses.push(reason) });
  writer.write("lost");
  await writer[Symbol.asyncDispose]();
  isFull = false;
  writer.write("kept");
  await writer[Symbol.asyncDispose]();
  assertEquals([text, losses], ["kept\n", ["No space left on device"]]);
});
