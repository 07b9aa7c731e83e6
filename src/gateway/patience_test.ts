import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Patience } from "./patience.ts";

Deno.test("a wait is over when nothing has gone on for its time, and not before", () => {
  using time = new FakeTime();
  const over: string[] = [];
  const patience = new Patience(100);
  patience.begin(() => over.push("silent"));
  const renewed = patience.begin(() => over.push("renewed"));
  using _ended = patience.begin(() => over.push("ended"));
  time.tick(100);
  assertEquals(over, []);
  renewed.renew();
  _ended[Symbol.dispose]();
  time.tick(25);
  assertEquals(over, ["silent"]);
  time.tick(100);
  assertEquals(over, ["silent", "renewed"]);
  const paused = patience.begin(() => over.push("paused"));
  paused.pause();
  time.tick(1_000);
  assertEquals(over.length, 2);
  paused.renew();
  time.tick(125);
  assertEquals(over[2], "paused");
});
