import { assertEquals } from "@std/assert";
import { EventStream, type ManagerEvent } from "./events.ts";

function numbered(number: number): ManagerEvent {
  return { type: "found", time: new Date(0), plugin: String(number), version: "1" };
}

Deno.test("every reader gets all events from its beginning to the end", async () => {
  const stream = new EventStream();
  const readers = [Array.fromAsync(stream), Array.fromAsync(stream)];
  stream.publish(numbered(1));
  stream.publish(numbered(2));
  stream.close();
  for (const reader of readers) assertEquals(await reader, [numbered(1), numbered(2)]);
  assertEquals(await Array.fromAsync(stream), []);
});

Deno.test("a reader that does not keep up is told how many events it has lost", async () => {
  const stream = new EventStream();
  const reader = stream[Symbol.asyncIterator]();
  for (let number = 0; number < 1_003; number++) stream.publish(numbered(number));
  const { value: first } = await reader.next();
  assertEquals(first.type === "dropped" && first.count, 3);
  assertEquals((await reader.next()).value, numbered(3));
});

Deno.test("a reader that leaves gets nothing more", async () => {
  const stream = new EventStream();
  const reader = stream[Symbol.asyncIterator]();
  const waiting = reader.next();
  await reader.return!();
  stream.publish(numbered(1));
  assertEquals(await waiting, { done: true, value: undefined });
});
