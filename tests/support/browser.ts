/**
 * A real Chromium, for tests of pages.
 *
 * @module
 */
import { join } from "@std/path";
import type { Browser, Page } from "playwright-core";
import { within } from "./guard.ts";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome"];

/** The program; `undefined` where there is none, and its tests are left out. */
export const CHROMIUM: string | undefined = await firstProgram();

async function firstProgram(): Promise<string | undefined> {
  for (const name of PROGRAMS) {
    const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${name}`], stdout: "null" }).output();
    if (success) return name;
  }
  return undefined;
}

/** A page of its own, without cookies of others. */
export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  /** What the page has written to its console as errors, and thrown. */
  readonly errors: readonly string[];
}

/** A browser. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;

  private constructor(browser: Browser, { child, folder }: { readonly child: Deno.ChildProcess; readonly folder: string }) {
    this.#browser = browser;
    this.#child = child;
    this.#folder = folder;
  }

  /** Starts it, with a profile of its own. */
  static async start(): Promise<TestBrowser> {
    const folder = await Deno.makeTempDir({ prefix: "browser-" });
    const args = [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--hide-scrollbars",
      "--remote-debugging-port=0",
      `--user-data-dir=${folder}`,
      "about:blank",
    ];
    const streams = { stdin: "null", stdout: "null", stderr: "null" } as const;
    const child = new Deno.Command(CHROMIUM!, { args, env: { TMPDIR: folder }, ...streams }).spawn();
    const { chromium } = await driver();
    return new TestBrowser(await chromium.connectOverCDP(await within(addressIn(folder), "the browser")), { child, folder });
  }

  /** Opens a page. */
  async open(): Promise<TestPage> {
    const context = await this.#browser.newContext({ viewport: { width: 1200, height: 900 } });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    return { page, errors, [Symbol.asyncDispose]: () => context.close() };
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    try {
      this.#child.kill();
    } catch {
      // It has ended already.
    }
    await within(this.#child.status, "the end of the browser");
    await within(removed(this.#folder), "the end of all that writes into the browser's profile");
  }
}

/** Removes a profile. The browser's helpers outlive it for a moment, and write there; nobody tells when the last has gone. */
async function removed(folder: string): Promise<void> {
  while (true) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("Directory not empty"))) throw error;
    }
  }
}

/** The driver. While it is loaded it looks in "/proc" for a machine that is none, which takes all permissions, unless it is told that this is a test. */
async function driver(): Promise<typeof import("playwright-core")> {
  Deno.env.set("__IS_WSL_TEST__", "1");
  return await import("playwright-core");
}

/** Where a browser listens, which it writes into its profile. */
async function addressIn(profile: string): Promise<string> {
  while (true) {
    const text = await Deno.readTextFile(join(profile, "DevToolsActivePort")).catch(() => "");
    const [port, path] = text.split("\n");
    if (path !== undefined) return `ws://127.0.0.1:${port}${path}`;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
