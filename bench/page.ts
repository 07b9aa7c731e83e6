/**
 * What the page of plugins costs a browser: `deno task bench page`. The first load, by a browser that has nothing of it, and the processor time that it takes
 * to show 50 plugins that run and 1,000 lines of a log each second. It takes Chromium.
 *
 * @module
 */
import { CHROMIUM, TestBrowser } from "../tests/support/browser.ts";
import { pythonManifest } from "../tests/support/managed_plugins.ts";
import { SeenPage } from "../tests/support/seen_page.ts";

const LOADS = 15;
const PLUGINS = 50;
const LINES_A_SECOND = 1_000;
const STEP_MS = 20;
const LOOKED_MS = 15_000;

/** What a browser tells of a load, in its own words. */
const READ_LOAD = `(() => {
  const files = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const sum = (name) => files.reduce((all, file) => all + file[name], 0);
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return { sent: sum("transferSize"), unpacked: sum("decodedBodySize"), paintedMs: paint.startTime };
})()`;

interface Load {
  readonly sent: number;
  readonly unpacked: number;
  readonly paintedMs: number;
}

async function firstLoads(browser: TestBrowser): Promise<Load[]> {
  const loads: Load[] = [];
  for (let round = 0; round <= LOADS; round++) {
    await using seen = await SeenPage.of(browser, []);
    await seen.page.goto(`${seen.url}/`);
    await seen.page.getByLabel("The token of this gateway").waitFor();
    // The first one has the gateway read its files.
    if (round > 0) loads.push(await seen.page.evaluate(READ_LOAD) as Load);
  }
  return loads;
}

/** The processor time of the browser's processes by their kind, in seconds. */
async function processorTimes({ page }: SeenPage): Promise<{ readonly page: number; readonly all: number }> {
  const session = await page.context().browser()!.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const sum = (kinds: readonly string[]) =>
    processInfo.filter(({ type }) => kinds.length === 0 || kinds.includes(type)).reduce((all, { cpuTime }) => all + cpuTime, 0);
  return { page: sum(["renderer"]), all: sum([]) };
}

async function shown(browser: TestBrowser): Promise<{ readonly page: number; readonly all: number; readonly lines: number }> {
  await using seen = await SeenPage.of(browser, []);
  const { manager } = seen.watch;
  for (let at = 0; at < PLUGINS; at++) await manager.add({ ...await pythonManifest("typed"), name: `plugin-${at}` });
  for (const { name } of manager.list()) await manager.load(name);
  await seen.signIn();
  await seen.page.getByRole("navigation").getByText("plugin-49", { exact: true }).click();
  let lines = 0;
  const print = () => {
    const due = Math.round((performance.now() - began) / 1_000 * LINES_A_SECOND);
    while (lines < due) {
      seen.logs.add({ time: new Date(), stream: "stderr", text: `line ${lines++} of a log that goes on and on` }, "plugin-7");
    }
  };
  const began = performance.now();
  const timer = setInterval(print, STEP_MS);
  // What is kept at first has filled the page.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const [before, from, linesBefore] = [await processorTimes(seen), performance.now(), lines];
  await new Promise((resolve) => setTimeout(resolve, LOOKED_MS));
  const after = await processorTimes(seen);
  const seconds = (performance.now() - from) / 1_000;
  clearInterval(timer);
  const share = (kind: "page" | "all") => 100 * (after[kind] - before[kind]) / seconds;
  return { page: share("page"), all: share("all"), lines: (lines - linesBefore) / seconds };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

if (import.meta.main) {
  if (CHROMIUM === undefined) throw new Error("Cannot measure the page: there is no Chromium on PATH. Install the package chromium");
  await using browser = await TestBrowser.start();
  console.log(`Load of the machine: ${Deno.loadavg().map((load) => load.toFixed(1)).join(", ")}`);
  const loads = await firstLoads(browser);
  const paints = loads.map(({ paintedMs }) => paintedMs);
  console.log(`First load: ${(loads[0]!.unpacked / 1_000).toFixed(0)} KB, ${(loads[0]!.sent / 1_000).toFixed(0)} KB as sent, wanted 200`);
  console.log(
    `Painted after, ms: ${median(paints).toFixed(0)} (${Math.min(...paints).toFixed(0)} to ${Math.max(...paints).toFixed(0)}), wanted 300`,
  );
  const { page, all, lines } = await shown(browser);
  console.log(
    `${PLUGINS} plugins and ${lines.toFixed(0)} lines a second, % of a core: ${page.toFixed(0)} the page, ${
      all.toFixed(0)
    } the whole browser, wanted 60`,
  );
  console.log(`Load of the machine: ${Deno.loadavg().map((load) => load.toFixed(1)).join(", ")}`);
}
