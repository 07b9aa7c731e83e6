import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createGateway, type GatewayOptions, LogFeed } from "@remote-plugin/proxy/gateway";
import type { Page } from "playwright-core";
import { CHROMIUM, TestBrowser, type TestPage } from "../support/browser.ts";
import { within } from "../support/guard.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";

const TOKEN = "an operator's token";

let browser: TestBrowser | undefined;

Deno.test.beforeAll(async () => {
  if (CHROMIUM !== undefined) browser = await TestBrowser.start();
});

Deno.test.afterAll(async () => await browser?.[Symbol.asyncDispose]());

/** A gateway of fixtures, and a browser that looks at it. */
class Seen implements AsyncDisposable {
  readonly watch: ManagerWatch;
  readonly #page: TestPage;
  readonly #logs: LogFeed;
  #draining = new AbortController();
  #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(watch: ManagerWatch, { page, logs }: { page: TestPage; logs: LogFeed }) {
    this.watch = watch;
    this.#page = page;
    this.#logs = logs;
    this.#server = this.#serve(0);
  }

  static async of(...fixtures: string[]): Promise<Seen> {
    const logs = new LogFeed();
    const manifests = await Promise.all(fixtures.map((fixture) => pythonManifest(fixture)));
    const watch = await ManagerWatch.create({ manifests, onLog: logs.add });
    return new Seen(watch, { page: await browser!.open(), logs });
  }

  get page(): Page {
    return this.#page.page;
  }

  /** What the page has complained of, but for the question whether somebody has signed in. */
  get errors(): string[] {
    return this.#page.errors.filter((text) => !/status of 401/.test(text));
  }

  async signIn(token = TOKEN): Promise<void> {
    await this.page.goto(`http://127.0.0.1:${this.#server.addr.port}/`);
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
    const options = { token: "a caller's token", operatorToken: TOKEN, logs: this.#logs, draining: this.#draining.signal, ...changes };
    const gateway = createGateway(this.watch.manager, options);
    return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, gateway);
  }

  /** Calls a plugin from elsewhere. */
  async call(plugin: string, { token }: { readonly token: string }): Promise<void> {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    await (await fetch(`http://127.0.0.1:${this.#server.addr.port}/${plugin}/execute`, { method: "POST", body: "{}", headers })).text();
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

function inBrowser(name: string, fn: () => Promise<void>): void {
  // The browser's driver lets go of its timers later than it says.
  Deno.test({ name, fn, ignore: CHROMIUM === undefined, sanitizeOps: false, sanitizeResources: false });
}

inBrowser("whoever signs in sees the plugins, and a wrong token is told", async () => {
  await using seen = await Seen.of("typed", "holds");
  await seen.signIn("wrong");
  await seen.page.getByText("The token is wrong").waitFor();
  await seen.signIn();
  await seen.page.getByRole("navigation").getByText("holds").waitFor();
  assertEquals(seen.watch.workers, 0);
  assertEquals(await seen.page.evaluate("document.cookie"), "");
  await seen.page.reload();
  await seen.page.getByRole("navigation").getByText("typed").waitFor();
  await seen.page.getByRole("button", { name: "Sign out" }).click();
  await seen.page.getByLabel("The token of this gateway").waitFor();
  await seen.page.reload();
  await seen.page.getByLabel("The token of this gateway").waitFor();
});

inBrowser("a plugin is called by a form, and its result is shown as what it is", async () => {
  await using seen = await Seen.of("shows");
  await seen.signIn();
  await seen.choose("shows");
  const call = seen.page.getByRole("button", { name: "Call" });
  await seen.page.getByLabel("kind").fill("picture");
  await seen.page.getByLabel("size").fill("40");
  await call.click();
  const picture = seen.page.getByAltText("The picture that the plugin gave");
  await picture.waitFor();
  assertEquals(await picture.evaluate((element) => (element as unknown as { naturalWidth: number }).naturalWidth), 40);
  await seen.page.getByLabel("kind").fill("page");
  await call.click();
  await seen.page.getByRole("link", { name: "Save text/html" }).waitFor();
  await seen.page.getByLabel("kind").fill("nothing");
  await call.click();
  await seen.page.getByRole("alert").getByText("KeyError").waitFor();
  assertEquals(seen.errors, []);
});

inBrowser("a file that is chosen reaches the plugin", async () => {
  await using seen = await Seen.of("hints");
  await seen.signIn();
  await seen.choose("hints");
  const file = { name: "talk.wav", mimeType: "audio/wav", buffer: Buffer.from("RIFF") };
  await seen.page.getByLabel("audio").setInputFiles(file);
  await seen.page.getByLabel("language").fill("en");
  await seen.page.getByRole("button", { name: "Call" }).click();
  const result = seen.page.getByRole("region", { name: "Result" });
  await result.getByText(/^Ended after/).waitFor({ timeout: 10_000 });
  assertMatch(await result.innerText(), /"audio": ?"\/.*\.wav",\s*"language": ?"en"/);
});

inBrowser("chunks are shown as they come, and a button cancels the call", async () => {
  await using seen = await Seen.of("holds");
  await seen.signIn();
  await seen.choose("holds");
  await seen.page.getByRole("tab", { name: "Stream" }).click();
  await seen.page.getByRole("textbox", { name: "hold" }).fill('"a"');
  await seen.page.getByRole("button", { name: "Stream" }).click();
  await seen.page.getByText("1 chunk", { exact: true }).waitFor();
  await seen.page.getByRole("button", { name: "Cancel" }).click();
  await seen.page.getByText(/^Cancelled after/).waitFor();
  const plugin = seen.watch.manager.get("holds");
  // It runs one call at a time: the next one shows that the cancelled one has ended.
  assertEquals(await plugin.execute({ note: "free" }), "free");
});

inBrowser("a worker that dies is seen, and so is what plugins print", async () => {
  await using seen = await Seen.of("kills_itself", "prints");
  await seen.signIn();
  await seen.choose("kills_itself");
  await seen.page.getByRole("button", { name: "Call" }).click();
  await seen.page.getByRole("alert").getByText("SIGKILL").waitFor();
  await seen.choose("prints");
  await seen.page.getByRole("button", { name: "Call" }).click();
  await seen.page.getByText("printed while it ran").waitFor();
});

inBrowser("an operator loads and unloads a plugin, and a caller does not", async () => {
  await using seen = await Seen.of("echo");
  await seen.signIn();
  await seen.page.getByRole("navigation").getByText("echo").click();
  await seen.page.getByRole("button", { name: "Load", exact: true }).click();
  await seen.page.getByRole("navigation").getByText("running").waitFor();
  await seen.page.getByRole("button", { name: "Unload" }).click();
  await seen.page.getByRole("navigation").getByText("registered").waitFor();
  await seen.page.getByRole("button", { name: "Sign out" }).click();
  await seen.signIn("a caller's token");
  await seen.page.getByRole("navigation").getByText("echo").click();
  await seen.page.getByRole("button", { name: "Start it" }).waitFor();
  assertEquals([
    await seen.page.getByRole("button", { name: "Load" }).count(),
    await seen.page.getByRole("heading", { name: "Log" }).count(),
  ], [0, 0]);
});

inBrowser("a page comes back by itself when its gateway does", async () => {
  await using seen = await Seen.of("echo");
  await seen.signIn();
  await seen.page.getByRole("navigation").getByText("echo").waitFor();
  await seen.restart(async () => await seen.page.getByText("The gateway does not answer").waitFor());
  await seen.page.getByText("The gateway does not answer").waitFor({ state: "detached" });
  await seen.page.getByRole("navigation").getByText("echo").waitFor();
});

inBrowser("nothing that a plugin is called or gives runs on the page", async () => {
  await using seen = await Seen.of("gives_back");
  const evil = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>";
  const manifest = { ...await pythonManifest("gives_back"), name: evil };
  await seen.watch.manager.add(manifest);
  await seen.signIn();
  await seen.choose(evil);
  await seen.page.getByLabel("value").fill(JSON.stringify([evil, { [evil]: evil }]));
  await seen.page.getByRole("button", { name: "Call" }).click();
  await seen.page.getByText(/^Ended after/).waitFor();
  assertEquals(await seen.page.title(), "Plugins");
  assertMatch(await seen.page.getByRole("region", { name: "Result" }).innerText(), /<script>/);
});

inBrowser("an operator configures, disables and enables a plugin", async () => {
  await using seen = await Seen.of("typed");
  const { page } = seen;
  await seen.signIn();
  await seen.choose("typed");
  await page.getByRole("tab", { name: "Configure" }).click();
  await page.getByLabel("mark").fill("?");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByText("The plugin has this configuration now").waitFor();
  assertEquals(await seen.watch.manager.get("typed").execute({ text: "a" }), "a?");
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByText("It is disabled").waitFor();
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByRole("button", { name: "Load", exact: true }).waitFor();
});

inBrowser("an operator sees the calls of everybody, and a caller its own", async () => {
  await using seen = await Seen.of("echo", "raises");
  const calls = seen.page.getByRole("region", { name: "Calls" });
  await seen.signIn();
  await calls.getByText("There was no call yet").waitFor();
  await seen.call("echo", { token: "a caller's token" });
  await calls.getByRole("row", { name: /echo execute caller 1 .* ok/ }).waitFor();
  await seen.call("raises", { token: TOKEN });
  await calls.getByRole("row", { name: /raises execute operator 1 .* plugin_error/ }).waitFor();
  await seen.page.getByRole("button", { name: "Sign out" }).click();
  await seen.signIn("a caller's token");
  await calls.getByRole("row", { name: /echo execute .* ok/ }).waitFor();
  assertEquals(await calls.getByRole("row").count(), 2);
});

inBrowser("a stream of a million chunks is counted, and the page keeps the last thousand", async () => {
  await using seen = await Seen.of("talks");
  const { page } = seen;
  await seen.signIn();
  await seen.choose("talks");
  await page.getByRole("tab", { name: "Stream" }).click();
  await page.getByLabel("count").fill("1000000");
  await page.getByRole("button", { name: "Stream" }).click();
  await page.getByText("1000000 chunks").waitFor({ timeout: 120_000 });
  const result = page.getByRole("region", { name: "Result" });
  assertEquals(await result.getByRole("listitem").last().innerText(), "999999");
  const heap = await page.evaluate("performance.memory.usedJSHeapSize") as number;
  assert(heap < 64 * 1024 * 1024, `The page holds ${heap} bytes`);
});

inBrowser("a result of 200 MB is refused by the page alone, and the next call works", async () => {
  await using seen = await Seen.of("returns_much");
  const { page } = seen;
  await seen.signIn();
  await seen.choose("returns_much");
  await page.getByLabel("length").fill("200000000");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByRole("alert").getByText("too large for this page").waitFor({ timeout: 60_000 });
  await page.getByLabel("length").fill("3");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByText("xxx", { exact: true }).waitFor();
});

inBrowser("whoever has a token that has ended is asked for another, in each tab", async () => {
  await using seen = await Seen.of("echo");
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

inBrowser("what no form can show is given as JSON, and the page says why", async () => {
  await using seen = await Seen.of("echo");
  await seen.watch.manager.add({ ...await denoManifest("javascript_values"), name: "untold" });
  const { page } = seen;
  await seen.signIn();
  await seen.choose("untold");
  await page.getByText("The plugin does not say what it takes").waitFor();
  await page.getByLabel("arguments").fill("[1]");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByText('"arguments" is no object of JSON').waitFor();
});
