import { assertEquals } from "@std/assert";
import { Mailbox, mailboxMemory } from "./mailbox.ts";

Deno.test("a text is taken once, and until then there is no room for another one", async () => {
  // To wait for shared memory does not keep a program alive.
  const alive = setInterval(() => {}, 1_000);
  const memory = mailboxMemory();
  const [writer, reader] = [new Mailbox(memory), new Mailbox(memory)];
  const told = reader.bell.untilRung();
  assertEquals([writer.put("one ½\ntwo 🙂"), writer.put("three")], [true, false]);
  await told;
  await reader.bell.untilRung();
  assertEquals([reader.take(), reader.take()], ["one ½\ntwo 🙂", undefined]);
  assertEquals([writer.put("three"), reader.take()], [true, "three"]);
  clearInterval(alive);
});

Deno.test("what is too long for a mailbox is not left there", () => {
  const mailbox = new Mailbox(mailboxMemory());
  assertEquals([mailbox.put("x".repeat(16 * 1024 + 1)), mailbox.put("€".repeat(16 * 1024))], [false, true]);
  assertEquals(mailbox.take()?.length, 16 * 1024);
});
