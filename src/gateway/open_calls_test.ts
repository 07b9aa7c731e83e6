import { assertEquals } from "@std/assert";
import { CallCancelledError } from "../errors.ts";
import { OpenCalls } from "./open_calls.ts";

Deno.test("a call is found by its plugin and id while it is open", () => {
  const calls = new OpenCalls();
  const call = calls.open("whisper", "a");
  calls.open("whisper", undefined);
  assertEquals([calls.has("whisper", "a"), calls.has("other", "a"), calls.has("whisper", undefined)], [true, false, false]);
  assertEquals([calls.count("whisper"), calls.count("whis")], [1, 0]);
  call.end();
  assertEquals([calls.has("whisper", "a"), calls.count("whisper"), calls.cancel("whisper", "a")], [false, 0, false]);
});

Deno.test("a call is given up by its id, and no other one with it", () => {
  const calls = new OpenCalls();
  const [one, other] = [calls.open("whisper", "a"), calls.open("whisper", "b")];
  assertEquals(calls.cancel("whisper", "a"), true);
  assertEquals([one.signal.aborted, other.signal.aborted], [true, false]);
  assertEquals(one.signal.reason instanceof CallCancelledError, true);
});
