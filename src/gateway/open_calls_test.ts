import { assertEquals, assertExists } from "@std/assert";
import { CallCancelledError } from "../errors.ts";
import { OpenCalls } from "./open_calls.ts";

const OWNER = { client: "caller 1", plugin: "whisper", endpoint: "execute", callId: "a" } as const;

Deno.test("an id names one call of one client at one plugin while it is open", () => {
  const calls = new OpenCalls();
  const call = calls.open(OWNER)!;
  assertEquals(calls.open(OWNER), undefined);
  for (const other of [{ client: "caller 2" }, { plugin: "other" }, { callId: undefined }, { callId: undefined }]) {
    assertExists(calls.open({ ...OWNER, ...other }));
  }
  assertEquals([calls.count("whisper"), calls.count("whis"), calls.size], [4, 0, 5]);
  calls.open({ ...OWNER, endpoint: "health" });
  assertEquals(calls.size, 5);
  call.end();
  call.end();
  assertEquals([calls.count("whisper"), calls.cancel(OWNER)], [3, false]);
  assertExists(calls.open(OWNER));
});

Deno.test("calls are given up by what is said of them, and no others with them", () => {
  const calls = new OpenCalls();
  const [one, other, others] = [OWNER, { ...OWNER, callId: "b" }, { ...OWNER, client: "caller 2" }].map((owner) => calls.open(owner)!);
  assertEquals(calls.cancel(OWNER), true);
  assertEquals([one, other, others].map((call) => call!.signal.aborted), [true, false, false]);
  assertEquals(one!.signal.reason instanceof CallCancelledError, true);
  assertEquals(calls.cancel({ client: "caller 1", plugin: "whisper" }), true);
  assertEquals([other!.signal.aborted, others!.signal.aborted], [true, false]);
});
