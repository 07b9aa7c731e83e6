import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { NOTE_INTERVAL_MS, type ProgressNote, ProgressNotes } from "./progress_notes.ts";

async function told(act: (notes: ProgressNotes, time: FakeTime) => void): Promise<ProgressNote[]> {
  using time = new FakeTime();
  const sent: ProgressNote[] = [];
  const send = async (note: ProgressNote) => {
    await Promise.resolve();
    sent.push(note);
  };
  await using notes = new ProgressNotes(send);
  act(notes, time);
  await notes[Symbol.asyncDispose]();
  return sent;
}

Deno.test("the first report is told at once, and of those that follow soon the last one", async () => {
  const sent = await told((notes, time) => {
    for (const progress of [0, 0.1, 0.2]) notes.report({ progress, message: `${progress}` });
    time.tick(NOTE_INTERVAL_MS);
    notes.report({ progress: 1, message: "" });
  });
  assertEquals(sent, [{ progress: 0, total: 1, message: "0" }, { progress: 0.2, total: 1, message: "0.2" }, { progress: 1, total: 1 }]);
});

Deno.test("progress grows with each note, whatever the plugin reports", async () => {
  const sent = await told((notes, time) => {
    for (const progress of [0.5, 0.5, 0.1, -1, 1, 1]) {
      notes.report({ progress, message: "" });
      time.tick(NOTE_INTERVAL_MS);
    }
  });
  assertEquals(sent.length, 6);
  for (const [at, { progress, total }] of sent.entries()) {
    assertEquals(at === 0 || progress > sent[at - 1]!.progress, true, JSON.stringify(sent));
    assertEquals(total === undefined || progress <= total, true);
  }
  assertEquals(sent[3]!.total, undefined);
});

Deno.test("no chunk of a stream is lost to the notes, as far as they have room", async () => {
  const sent = await told((notes, time) => {
    for (const line of ["a", "b", "c"]) notes.chunk(line);
    time.tick(NOTE_INTERVAL_MS);
    notes.chunk("x".repeat(100_000));
  });
  assertEquals(sent.map(({ progress }) => progress), [1, 3, 4]);
  assertEquals(sent.map(({ message }) => message!.length), [1, 3, 2_000]);
  assertEquals(sent[1]!.message, "b\nc");
});
