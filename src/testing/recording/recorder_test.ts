import { assertEquals } from "@std/assert";
import { Recorder } from "./recorder.ts";

Deno.test("A recorder has settled when the files of all answers are kept", async () => {
  const order: string[] = [];
  const [begun, written] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const keep = async () => {
    begun.resolve();
    await written.promise;
    order.push("kept");
    return { file: "talk.files/a.bin", sha256: "", size: 1, media_type: "application/octet-stream" };
  };
  const recorder = new Recorder("shouter", { keep });
  await recorder.settled();
  const answer = recorder.run({ member: "execute", method: undefined, kwargs: {}, options: {} }, () => Promise.resolve(Uint8Array.of(1)));
  await begun.promise;
  const settled = recorder.settled().then(() => order.push(`settled with ${recorder.calls[0]!.frames.length} frame`));
  written.resolve();
  await Promise.all([answer, settled]);
  assertEquals(order, ["kept", "settled with 1 frame"]);
});
