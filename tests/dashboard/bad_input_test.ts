import { assert, assertEquals } from "@std/assert";
import { BOTH, fixtureManifest } from "../support/fixture_proxy.ts";
import { browserTests } from "../support/seen_page.ts";

const inBrowser = browserTests();

inBrowser("a stream of a million chunks is counted, and the page keeps the last thousand", async (open) => {
  await using seen = await open("talks");
  const { page } = seen;
  await seen.signIn();
  await seen.choose("talks");
  await page.getByRole("tab", { name: "Stream" }).click();
  await page.getByLabel("count").fill("1000000");
  await page.getByRole("button", { name: "Stream" }).click();
  await page.getByText("1000000 chunks", { exact: true }).waitFor({ timeout: 120_000 });
  const result = page.getByRole("region", { name: "Result" });
  assertEquals(await result.getByRole("listitem").last().innerText(), "999999");
  await page.getByRole("button", { name: "Show the last 1000" }).click();
  await result.getByText("999000", { exact: true }).waitFor();
  assertEquals(await result.getByRole("listitem").count(), 1_000);
  const inspector = await page.context().newCDPSession(page);
  await inspector.send("HeapProfiler.collectGarbage");
  const { usedSize } = await inspector.send("Runtime.getHeapUsage");
  assert(usedSize < 16 * 1024 * 1024, `The page holds ${usedSize} bytes`);
});

inBrowser("a result of 200 MB is refused and told why, and the next call works", async (open) => {
  await using seen = await open("returns_much", "shows");
  const { page } = seen;
  await seen.signIn();
  await seen.choose("returns_much");
  await page.getByLabel("length").fill("200000000");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByRole("alert").getByText("return a large value as a file").waitFor({ timeout: 60_000 });
  await seen.choose("shows");
  await page.getByLabel("kind").fill("bytes");
  await page.getByLabel("size").fill("200000000");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByRole("alert").getByText("more than a frame carries").waitFor({ timeout: 60_000 });
  await page.getByLabel("size").fill("60000000");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByRole("alert").getByText("too large for this page").waitFor({ timeout: 60_000 });
  await page.getByLabel("size").fill("3");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByRole("link", { name: "3 bytes" }).waitFor();
});

inBrowser("whoever has a token that has ended is asked for another, in each tab", async (open) => {
  await using seen = await open("echo");
  await seen.signIn();
  const second = await seen.page.context().newPage();
  await second.goto(seen.page.url());
  await second.getByRole("navigation").getByText("echo").waitFor();
  await seen.restart(async () => {}, { operatorToken: "another" });
  for (const tab of [seen.page, second]) await tab.getByLabel("The token of this gateway").waitFor({ timeout: 20_000 });
  await seen.signIn("another");
  await second.reload();
  for (const tab of [seen.page, second]) await tab.getByRole("navigation").getByText("echo").waitFor();
});

inBrowser("what no form can show is given as JSON, and the page says why", async (open) => {
  await using seen = await open("echo");
  await seen.watch.manager.add({ ...await fixtureManifest(BOTH[1]!, "javascript_values"), name: "untold" });
  const { page } = seen;
  await seen.signIn();
  await seen.choose("untold");
  await page.getByText("The plugin does not say what it takes").waitFor();
  await page.getByLabel("arguments").fill("[1]");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByText("This is no object of JSON").waitFor();
});
