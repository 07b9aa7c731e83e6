import { assertEquals } from "@std/assert";
import { LogFeed } from "./log_feed.ts";

function print(feed: LogFeed, ...texts: string[]): void {
  for (const text of texts) feed.add({ time: new Date(0), stream: "stderr", text }, "p");
}

Deno.test("whoever comes gets the last lines and those that follow, until the signal", async () => {
  const feed = new LogFeed();
  print(feed, "a", "b");
  const abort = new AbortController();
  const lines = feed.lines(abort.signal);
  const next = async () => (await lines.next()).value?.text;
  assertEquals([await next(), await next()], ["a", "b"]);
  const waiting = next();
  print(feed, "c", "d");
  assertEquals([await waiting, await next()], ["c", "d"]);
  const last = lines.next();
  abort.abort();
  assertEquals((await last).done, true);
});

Deno.test("one who does not keep up loses the oldest lines, and the feed stays small", async () => {
  const feed = new LogFeed();
  const abort = new AbortController();
  const lines = feed.lines(abort.signal);
  print(feed, "first");
  assertEquals((await lines.next()).value?.text, "first");
  print(feed, ...Array.from({ length: 2_000 }, (_, at) => `${at}`));
  assertEquals((await lines.next()).value?.text, "1500");
  await lines.return();
});
