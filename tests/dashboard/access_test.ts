import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { pythonManifest } from "../support/managed_plugins.ts";
import { browserTests, CALLER, OPERATOR } from "../support/seen_page.ts";

const inBrowser = browserTests();

/** What has the keyboard, and whether somebody sees that. */
async function focused(page: Page): Promise<string> {
  return await page.evaluate(`(() => {
    const element = document.activeElement;
    const isSeen = getComputedStyle(element).outlineStyle !== "none";
    return (element.labels?.[0] ?? element).textContent.trim() + (isSeen ? "" : ", unseen");
  })()`);
}

async function tab(page: Page): Promise<string> {
  await page.keyboard.press("Tab");
  return await focused(page);
}

inBrowser("somebody without a mouse signs in, chooses a plugin and calls it", async (open) => {
  await using seen = await open("typed");
  const { page } = seen;
  await page.goto(`${seen.url}/`);
  await page.getByLabel("The token of this gateway").waitFor();
  assertEquals(await focused(page), "The token of this gateway");
  await page.keyboard.type(OPERATOR);
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").getByText("typed").waitFor();
  assertEquals([await tab(page), (await tab(page)).startsWith("typed")], ["Sign out", true]);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Start it" }).waitFor();
  assertEquals([await tab(page), await tab(page), await tab(page)], ["Load", "Disable", "Start it, and show what it takes"]);
  await page.keyboard.press("Enter");
  await page.getByRole("tab", { name: "Call" }).waitFor();
  await page.getByRole("tab", { name: "Call" }).focus();
  assertEquals(await tab(page), "text needed");
  await page.keyboard.type("ho");
  assertEquals(await tab(page), "times");
  await page.keyboard.type("2");
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "Result" }).getByText("hoho!").waitFor();
  assertEquals(
    await page.evaluate("[...document.querySelectorAll('input, select, textarea')].filter((one) => one.labels.length !== 1).length"),
    0,
  );
});

inBrowser("nothing is wider than a narrow screen, whatever a plugin is called, prints or gives", async (open) => {
  await using seen = await open("gives_back", "talks");
  const { page } = seen;
  const long = "n".repeat(200);
  await seen.watch.manager.add({ ...await pythonManifest("gives_back"), name: long, version: `1.0.0-${long}` });
  await page.setViewportSize({ width: 360, height: 740 });
  const widest = () => page.evaluate("document.documentElement.scrollWidth");
  await page.goto(`${seen.url}/`);
  await page.getByLabel("The token of this gateway").waitFor();
  assertEquals(await widest(), 360);
  await seen.signIn();
  await seen.call("talks", { token: CALLER, kwargs: { line: long.repeat(20) } });
  await page.getByRole("region", { name: "Log" }).getByText(long).waitFor();
  await seen.choose(long);
  await page.getByLabel("value").fill(JSON.stringify([{ [long]: long }]));
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByText(/^Ended after/).waitFor();
  assertEquals(await widest(), 360);
});

/** How well a colour is told from the one behind it, after the Web Content Accessibility Guidelines. */
const CONTRASTS = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([red, green, blue]) => [red, green, blue].map((one) => one / 255)
    .map((one) => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [.2126, .7152, .0722][at], 0);
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return channels(colour)[3] === 0 ? behind(element.parentElement) : colour;
  };
  const isShown = (element) => element.checkVisibility() && !element.disabled &&
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  return [...document.querySelectorAll("body *")].filter(isShown).map((element) => {
    const [low, high] = [getComputedStyle(element).color, behind(element)].map((colour) => light(channels(colour))).sort((a, b) => a - b);
    return [element.className || element.tagName, element.textContent.trim(), (high + .05) / (low + .05)];
  }).filter(([, , contrast]) => contrast < 4.5);
})()`;

inBrowser("all text can be read by day and by night", async (open) => {
  await using seen = await open("talks", "raises");
  const { page } = seen;
  await seen.signIn();
  for (const record of ["info", "warning", "error"]) await seen.call("talks", { token: CALLER, kwargs: { record } });
  await page.getByText("a record of error").waitFor();
  await seen.choose("raises");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByText(/^Failed after/).waitFor();
  const backs: unknown[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    backs.push(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
    assertEquals([colorScheme, await page.evaluate(CONTRASTS)], [colorScheme, []]);
  }
  assertEquals(backs, ["rgb(255, 255, 255)", "rgb(22, 24, 29)"]);
});

inBrowser("a line that a plugin prints does nothing on the page but stand there", async (open) => {
  await using seen = await open("talks");
  const { page } = seen;
  const asked: string[] = [];
  page.on("request", (request) => new URL(request.url()).origin !== seen.url && asked.push(request.url()));
  await seen.signIn();
  const html =
    "<img src=http://127.0.0.1:1/x onerror=\"document.title='run'\"><script>document.title='run'</script><style>*{display:none}</style>";
  const line = `${html}\u001b[31mred\u001b[0m\u202eevil`;
  await seen.call("talks", { token: CALLER, kwargs: { line } });
  await seen.call("talks", { token: CALLER, kwargs: { line: "y".repeat(1_000_000) } });
  const log = page.getByRole("region", { name: "Log" });
  await log.getByText(`${html}red\\u202eevil`).waitFor();
  await log.getByText(/y{2000} … of \d+ characters$/).waitFor();
  assertEquals([await page.title(), await log.locator("img, script, style").count(), asked, seen.errors], ["Plugins", 0, [], []]);
});
