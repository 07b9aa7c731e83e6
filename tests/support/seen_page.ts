/**
 * The page of a gateway of fixtures, in a browser.
 *
 * @module
 */
import { createGateway, type GatewayOptions, LogFeed } from "@remote-plugin/proxy/gateway";
import type { Page } from "playwright-core";
import { CHROMIUM, TestBrowser, type TestPage } from "./browser.ts";
import { within } from "./guard.ts";
import { ManagerWatch, pythonManifest } from "./managed_plugins.ts";

/** The token of an operator. */
export const OPERATOR = "an operator's token";

/** The token of a caller. */
export const CALLER = "a caller's token";

/** A gateway of fixtures, and a browser that looks at it. */
export class SeenPage implements AsyncDisposable {
  /** The plugins. */
  readonly watch: ManagerWatch;
  readonly #page: TestPage;
  /** What plugins print. */
  readonly logs: LogFeed;
  #draining = new AbortController();
  #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(watch: ManagerWatch, { page, logs }: { page: TestPage; logs: LogFeed }) {
    this.watch = watch;
    this.#page = page;
    this.logs = logs;
    this.#server = this.#serve(0);
  }

  /** Opens a page of a gateway that has these plugins: fixtures by their names, and others by their manifests. */
  static async of(browser: TestBrowser, plugins: readonly (string | URL)[]): Promise<SeenPage> {
    const logs = new LogFeed();
    const manifests = await Promise.all(plugins.map((plugin) => plugin instanceof URL ? plugin : pythonManifest(plugin)));
    const watch = await ManagerWatch.create({ manifests, onLog: logs.add });
    return new SeenPage(watch, { page: await browser.open(), logs });
  }

  /** Where the gateway is. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The page. */
  get page(): Page {
    return this.#page.page;
  }

  /** What the page has complained of, but for the question whether somebody has signed in. */
  get errors(): string[] {
    return this.#page.errors.filter((text) => !/status of 401/.test(text));
  }

  /** Goes to the page, and signs in. */
  async signIn(token = OPERATOR): Promise<void> {
    await this.page.goto(`${this.url}/`);
    await this.page.getByLabel("The token of this gateway").fill(token);
    await this.page.getByRole("button", { name: "Sign in" }).click();
  }

  /** Ends the server, and starts another one in its place when something has happened. */
  async restart(meanwhile: () => Promise<void>, options: Partial<GatewayOptions> = {}): Promise<void> {
    const { port } = this.#server.addr;
    this.#draining.abort();
    await within(this.#server.shutdown(), "the end of the server");
    await meanwhile();
    this.#server = this.#serve(port, options);
  }

  #serve(port: number, changes: Partial<GatewayOptions> = {}): Deno.HttpServer<Deno.NetAddr> {
    this.#draining = new AbortController();
    const options = { token: CALLER, operatorToken: OPERATOR, logs: this.logs, draining: this.#draining.signal, ...changes };
    const gateway = createGateway(this.watch.manager, options);
    return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, gateway);
  }

  /** Calls a plugin from elsewhere. */
  async call(plugin: string, { token, kwargs = {} }: { readonly token: string; readonly kwargs?: object }): Promise<void> {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    await (await fetch(`${this.url}/${plugin}/execute`, { method: "POST", body: JSON.stringify({ kwargs }), headers })).text();
  }

  /** Chooses a plugin, and has it tell what it takes. */
  async choose(plugin: string): Promise<void> {
    await this.page.getByRole("navigation").getByText(plugin, { exact: true }).click();
    await this.page.getByRole("button", { name: "Start it" }).click();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page[Symbol.asyncDispose]();
    await this.watch[Symbol.asyncDispose]();
    this.#draining.abort();
    await within(this.#server.shutdown(), "the end of the server");
  }
}

/** Tests in one browser. A test gets the function that opens a page of fixtures. Without a browser they are left out. */
export function browserTests(): (name: string, fn: (open: (...plugins: (string | URL)[]) => Promise<SeenPage>) => Promise<void>) => void {
  let browser: TestBrowser | undefined;
  Deno.test.beforeAll(async () => {
    if (CHROMIUM !== undefined) browser = await TestBrowser.start();
  });
  Deno.test.afterAll(async () => await browser?.[Symbol.asyncDispose]());
  return (name, fn) => {
    const run = () => fn((...plugins) => SeenPage.of(browser!, plugins));
    // The browser's driver lets go of its timers later than it says.
    Deno.test({ name, fn: run, ignore: CHROMIUM === undefined, sanitizeOps: false, sanitizeResources: false });
  };
}
