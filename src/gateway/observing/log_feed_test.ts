import { assertEquals } from "@std/assert";
import { LogFeed } from "./log_feed.ts";

function print(feed: LogFeed, ...texts: string[]): void {
  for (const text of texts) feed.add({ time: new Date(0), stream: "stderr", text }, "p");
}

Deno.test("whoever comes gets the last lines and those that follow, until they leave", () => {
  const feed = new LogFeed();
  print(feed, "a", "b");
  const seen: string[] = [];
  const leave = feed.follow(({ text }) => seen.push(text));
  print(feed, "c");
  leave();
  print(feed, "d");
  assertEquals(seen, ["a", "b", "c"]);
});

Deno.test("a feed stays small", () => {
  const feed = new LogFeed();
  print(feed, ...Array.from({ length: 2_000 }, (_, at) => `${at}`));
  const seen: string[] = [];
  feed.follow(({ text }) => seen.push(text))();
  assertEquals([seen.length, seen[0], seen.at(-1)], [500, "1500", "1999"]);
});
