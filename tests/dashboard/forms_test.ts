import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { BOTH, fixtureManifest } from "../support/fixture_proxy.ts";
import { browserTests, CALLER, OPERATOR, type SeenPage } from "../support/seen_page.ts";

const inBrowser = browserTests();

/** Opens the form of the plugin that takes whatever a schema can say. */
async function openOrders(seen: SeenPage): Promise<Page> {
  await seen.watch.manager.add(await fixtureManifest(BOTH[1]!, "orders"));
  await seen.signIn();
  await seen.choose("orders");
  await seen.page.getByRole("group", { name: "items needed" }).waitFor();
  return seen.page;
}

/** Presses a button by its whole name. */
async function press(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click();
}

/** What a call has given, once it has ended. */
async function resultOf(page: Page): Promise<unknown> {
  const result = page.getByRole("region", { name: "Result" });
  await result.getByText(/^Ended after/).waitFor();
  return JSON.parse(await result.locator("pre").innerText());
}

inBrowser("a form has objects, lists, maps, tuples, unions and files in lists, and the plugin gets what stands there", async (open) => {
  await using seen = await open("echo");
  const page = await openOrders(seen);
  await page.getByRole("group", { name: "items 1" }).getByLabel("name").fill("pen");
  await press(page, "Add an item to items");
  const second = page.getByRole("group", { name: "items 2" });
  await second.getByLabel("name").fill("ink");
  await second.getByLabel("count").fill("3");
  await press(page, "Move up item 2 of items");
  await page.getByLabel("The kind of payment").selectOption("Cash");
  await press(page, "Add an item to coins");
  await page.getByLabel("coins 1").fill("0.5");
  await page.getByLabel("day").fill("2026-01-31");
  await press(page, "Set prices");
  await page.getByLabel("The name of one more of prices").fill("a b/c");
  await page.keyboard.press("Enter");
  await page.getByRole("spinbutton", { name: "a b/c" }).fill("1.25");
  await press(page, "Set place");
  await page.getByLabel("place 1").fill("7");
  await page.getByLabel("place 2").fill("x");
  await press(page, "Set papers");
  for (const [at, text] of ["one", "two"].entries()) {
    await press(page, "Add an item to papers");
    await page.getByLabel(`papers ${at + 1}`).setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from(text) });
  }
  await press(page, "Move up item 2 of papers");
  await press(page, "Set note");
  await page.getByLabel("The kind of note").selectOption("null");
  await press(page, "Call");
  assertEquals(await resultOf(page), {
    items: [{ name: "ink", count: 3 }, { name: "pen" }],
    payment: { by: "cash", coins: [0.5] },
    day: "2026-01-31",
    prices: { "a b/c": 1.25 },
    place: [7, "x"],
    note: null,
    papers: ["two", "one"],
  });
  assertEquals(seen.errors, []);
});

inBrowser("what is wrong is told beside its field, which has the focus, and goes when it is mended", async (open) => {
  await using seen = await open("echo");
  const page = await openOrders(seen);
  const name = page.getByRole("group", { name: "items 1" }).getByLabel("name");
  await name.fill("x");
  await page.getByLabel("odd").fill("no JSON");
  await press(page, "Call");
  const focused = () =>
    page.evaluate(
      "document.activeElement.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id).innerText).join('|')",
    );
  assertEquals(await focused(), "At least 2 characters|It has to have 2 characters at least");
  await page.getByText("This is no JSON").waitFor();
  assertEquals(await page.getByText("This is needed").count(), 1);
  await name.fill("xy");
  await page.getByText("It has to have 2 characters at least").waitFor({ state: "detached" });
  await page.getByLabel("count").pressSequentially("-");
  await page.getByText("This is no number").waitFor();
  await page.getByLabel("count").pressSequentially("5");
  await page.getByText("The least is 1").waitFor();
  assertEquals(await page.getByLabel("count").inputValue(), "-5");
  await press(page, "Remove item 1 of items");
  await page.getByText("It has to have 1 item at least").waitFor();
  assertEquals(await page.getByRole("region", { name: "Result" }).count(), 0);
  assertEquals(seen.watch.manager.list().find(({ name }) => name === "orders")?.state.kind, "running");
});

inBrowser(
  "a form is written as JSON and shown as fields again, and a schema that holds itself opens as deep as somebody wants",
  async (open) => {
    await using seen = await open("echo");
    const page = await openOrders(seen);
    await page.getByRole("group", { name: "items 1" }).getByLabel("name").fill("pen");
    await press(page, "Write as JSON");
    const text = page.getByRole("textbox", { name: "arguments" });
    assertEquals(JSON.parse(await text.inputValue()), { items: [{ name: "pen" }], payment: { by: "card" } });
    await text.fill('{"items": [], "colour": 1}');
    await press(page, "Show as fields");
    await page.getByRole("alert").getByText("The fields cannot show all of this").waitFor();
    await text.fill(
      '{"items": [{"name": "pen"}], "payment": {"by": "cash", "coins": [2]}, "box": {"label": "a", "inner": {"label": "b"}}}',
    );
    await press(page, "Show as fields");
    assertEquals(await page.getByLabel("coins 1").inputValue(), "2");
    assertEquals(await page.getByLabel("label needed").count(), 2);
    await press(page, "Set inner");
    await page.getByLabel("label needed").last().fill("c");
    await press(page, "Call");
    assertEquals(await resultOf(page), {
      items: [{ name: "pen" }],
      payment: { by: "cash", coins: [2] },
      box: { label: "a", inner: { label: "b", inner: { label: "c" } } },
      papers: [],
    });
  },
);

inBrowser("arguments without names and those of any name have fields", async (open) => {
  await using seen = await open("hints", "adds");
  const { page } = seen;
  await seen.signIn();
  await seen.choose("hints");
  const audio = { name: "a.b.wav", mimeType: "audio/wav", buffer: Buffer.from("RIFF") };
  await page.getByLabel("audio").setInputFiles(audio);
  await page.getByLabel("The name of one more of arguments").fill("weight");
  await press(page, "Add one more to arguments");
  await page.getByRole("spinbutton", { name: "weight" }).fill("5");
  await press(page, "Call");
  assertEquals((await resultOf(page) as { weight: number }).weight, 5);
  await seen.choose("adds");
  await page.getByRole("spinbutton", { name: "positional 1" }).fill("3");
  await press(page, "Add an item to positional");
  await page.getByRole("spinbutton", { name: "positional 2" }).fill("4");
  await press(page, "Call");
  assertEquals(await resultOf(page), 7);
});

inBrowser("a configuration that lies in itself is changed where somebody has changed it", async (open) => {
  await using seen = await open("echo");
  const page = await openOrders(seen);
  await page.getByRole("tab", { name: "Configure" }).click();
  const server = page.getByRole("group", { name: "server needed" });
  await server.getByLabel("host").fill("b");
  await press(page, "Add an item to ports");
  await server.getByLabel("ports 2").fill("80");
  await press(page, "Apply");
  await page.getByText("The plugin has this configuration now").waitFor();
  const current = await seen.watch.manager.get("orders").getCurrentConfig();
  assertEquals(current, { server: { host: "b", ports: [1, 80] }, secret: "kept" });
});

inBrowser("tabs are chosen by arrows, Home and End, and name their panel", async (open) => {
  await using seen = await open("echo");
  const page = await openOrders(seen);
  const [call, stream, configure] = ["Call", "Stream", "Configure"].map((name) => page.getByRole("tab", { name }));
  await call!.focus();
  for (
    const [key, tab, name] of [["ArrowRight", stream, "Stream"], ["End", configure, "Configure"], ["ArrowRight", call, "Call"], [
      "ArrowLeft",
      configure,
      "Configure",
    ], ["Home", call, "Call"]] as const
  ) {
    await page.keyboard.press(key);
    await page.getByRole("tabpanel", { name }).waitFor();
    assertEquals([await tab!.getAttribute("aria-selected"), await tab!.evaluate((element) => element.matches(":focus"))], ["true", true]);
  }
  await page.keyboard.press("Tab");
  assertEquals(await page.getByRole("tab").evaluateAll((tabs) => tabs.some((tab) => tab.matches(":focus"))), false);
});

inBrowser("tabs of one browser follow who signs in and out", async (open) => {
  await using seen = await open("echo");
  await seen.signIn(OPERATOR);
  const second = await seen.page.context().newPage();
  await second.goto(seen.page.url());
  const signIn = (page: Page, token: string) =>
    page.getByLabel("The token of this gateway").fill(token).then(() => page.getByRole("button", { name: "Sign in" }).click());
  for (const tab of [seen.page, second]) await tab.getByRole("region", { name: "Log" }).waitFor();
  await seen.page.getByRole("button", { name: "Sign out" }).click();
  await second.getByLabel("The token of this gateway").waitFor();
  await signIn(seen.page, CALLER);
  await second.getByRole("navigation").getByText("echo").waitFor();
  for (const tab of [seen.page, second]) assertEquals(await tab.getByRole("region", { name: "Log" }).count(), 0);
  await signInAgain(second, signIn);
  for (const tab of [seen.page, second]) await tab.getByRole("region", { name: "Log" }).waitFor();
});

async function signInAgain(page: Page, signIn: (page: Page, token: string) => Promise<void>): Promise<void> {
  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(page, OPERATOR);
}
