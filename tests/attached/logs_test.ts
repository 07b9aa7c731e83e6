import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import type { LogRecord, RemotePluginProxy } from "@remote-plugin/proxy";
import { createGateway } from "@remote-plugin/proxy/gateway";
import { LOGS_FEATURE, LOGS_HEADER } from "../../src/protocol/log_body.ts";
import { CALL_ID_HEADER, FRAMES_MEDIA_TYPE } from "../../src/protocol/messages.ts";
import { BOTH, fixtureManifest } from "../support/fixture_proxy.ts";
import type { WorkerKind } from "../support/fixtures.ts";
import { eventually, within } from "../support/guard.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";
import { runHost } from "../support/run_host.ts";
import { WAYS } from "../support/ways.ts";

/** What a client sends that wants the lines of its call. */
const ASKS = { accept: FRAMES_MEDIA_TYPE, [LOGS_HEADER]: LOGS_FEATURE };

const [ONE, OTHER, OPERATOR] = ["let-one-in", "let-another-in", "let-me-see-to-it"];

/** The records of a proxy while they are read. */
class Heard implements AsyncDisposable {
  readonly records: LogRecord[] = [];
  readonly #lines: AsyncIterable<LogRecord>;
  readonly #reading: Promise<void>;

  constructor(plugin: Pick<RemotePluginProxy, "logs">) {
    this.#lines = plugin.logs;
    this.#reading = this.#read();
  }

  async of(text: string): Promise<Omit<LogRecord, "time">> {
    await eventually(() => this.records.some((record) => record.text === text), `the line "${text}"`);
    const { time, ...record } = this.records.find((record) => record.text === text)!;
    assertLess(Math.abs(Date.now() - time.getTime()), 60_000);
    return record;
  }

  /** The plugin ends first. */
  async [Symbol.asyncDispose](): Promise<void> {
    await within(this.#reading, "the end of the lines");
  }

  async #read(): Promise<void> {
    for await (const record of this.#lines) this.records.push(record);
  }
}

/** A call that prints and goes on until it is given up. */
class Talk implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #call: Promise<unknown>;

  constructor(plugin: Pick<RemotePluginProxy, "execute">, kwargs: Record<string, unknown>, callId?: string) {
    this.#call = assertRejects(() => plugin.execute({ ...kwargs, hold: true }, { callId, signal: this.#abort.signal }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#call;
  }
}

/** What frames say. */
function textsOf(frames: string): string[] {
  return frames.trimEnd().split("\n").map((line) => JSON.parse(line)).map(({ log, result, error }) => log?.text ?? result ?? error.code);
}

/** A gateway with a plugin that prints. */
class TalkingGateway implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;
  readonly #read: ReadonlySet<string>;
  readonly url: string;

  private constructor(owned: AsyncDisposableStack, read: ReadonlySet<string>, url: string) {
    this.#owned = owned;
    this.#read = read;
    this.url = url;
  }

  static async start(worker: WorkerKind, { callLogs = true }: { readonly callLogs?: boolean } = {}): Promise<TalkingGateway> {
    await using owned = new AsyncDisposableStack();
    const manifests = [{ ...await fixtureManifest({ worker, transport: "unix" }, "talks"), max_concurrency: 4 }];
    const read = new Set<string>();
    const onLog = ({ text }: LogRecord) => void read.add(text);
    const { manager } = owned.use(await ManagerWatch.create({ manifests, permissions: "requested", onLog }));
    const gateway = createGateway(manager, { token: [ONE, OTHER], operatorToken: OPERATOR, callLogs });
    const server = owned.use(Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, gateway));
    return new TalkingGateway(owned.move(), read, `http://127.0.0.1:${server.addr.port}/talks`);
  }

  /** Waits until the gateway has read a line of the worker's. */
  async hasRead(...texts: string[]): Promise<void> {
    await eventually(() => texts.every((text) => this.#read.has(text)), `the lines "${texts.join('", "')}"`);
  }

  post(endpoint: string, body: unknown, { token = ONE, ...headers }: Record<string, string> = {}): Promise<Response> {
    const init = { method: "POST", headers: { authorization: `Bearer ${token}`, ...headers }, body: JSON.stringify(body) };
    return fetch(`${this.url}/${endpoint}`, init);
  }

  /** Makes a call and asks for its lines. */
  call(token: string, callId: string, kwargs: Record<string, unknown>): Promise<Response> {
    return this.post("execute", { kwargs }, { token, ...ASKS, [CALL_ID_HEADER]: callId });
  }

  /** Gives up a call, and tells all lines that it was given. */
  async linesOf(token: string, callId: string, call: Promise<Response>): Promise<string[]> {
    await (await this.post("cancel", { call_id: callId }, { token })).body?.cancel();
    const frames = (await (await call).text()).trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(frames.at(-1).error.code, "cancelled");
    return frames.slice(0, -1).map(({ log }) => log.text);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}

for (const { name, worker, reach } of WAYS.filter(({ isAsync }) => isAsync)) {
  Deno.test(`${name}: what a call prints comes while it runs, with its id, its stream and its level`, async () => {
    const reached = await reach("talks");
    const plugin = reached.plugin as unknown as RemotePluginProxy;
    const placement = plugin.placement === undefined ? {} : { placement: plugin.placement };
    await using heard = new Heard(plugin);
    await using _ended = reached;
    {
      await using _talk = new Talk(plugin, { line: "WARNING:talks:it is hot" }, "mine-1");
      assertEquals(await heard.of("WARNING:talks:it is hot"), {
        ...placement,
        stream: "stderr",
        text: "WARNING:talks:it is hot",
        level: "warning",
        callId: "mine-1",
      });
    }
    if (worker === "deno") return;
    await using _talk = new Talk(plugin, { record: "error" }, "mine-2");
    const record = { ...placement, stream: "stderr", text: "a record of error", level: "error", callId: "mine-2" } as const;
    assertEquals(await heard.of("a record of error"), record);
  });
}

for (const { worker } of BOTH) {
  Deno.test(`${worker}: each of several clients of a gateway gets the lines that its own call prints`, async () => {
    await using gateway = await TalkingGateway.start(worker);
    const held = gateway.call(ONE, "a", { line: "the first line", hold: true });
    const other = await gateway.call(OTHER, "a", { line: "a line of the other\nand one more" });
    assertEquals(textsOf(await other.text()), ["a line of the other", "and one more", "done"]);
    const first = await held;
    const begun = first.body!.pipeThrough(new TextDecoderStream()).values({ preventCancel: true });
    assertEquals(textsOf((await begun.next()).value!), ["the first line"]);
    await (await gateway.post("cancel", { call_id: "a" })).body?.cancel();
    assertEquals(textsOf((await begun.next()).value!), ["cancelled"]);
    assertEquals((await begun.next()).done, true);
  });

  Deno.test(`${worker}: a line that is printed just before the call ends comes before its last frame`, async () => {
    await using gateway = await TalkingGateway.start(worker);
    for (let at = 0; at < 20; at++) {
      const frames = (await (await gateway.call(ONE, `${at}`, { line: `line ${at}` })).text()).trimEnd().split("\n").map((line) =>
        JSON.parse(line)
      );
      assertEquals(frames.map(({ log, result }) => log?.text ?? result), [`line ${at}`, "done"]);
    }
  });

  Deno.test(`${worker}: what is written past the console comes to the one client of a gateway, and to nobody of several`, async () => {
    await using gateway = await TalkingGateway.start(worker);
    const first = gateway.call(ONE, "a", { raw: "the first line", hold: true });
    await gateway.hasRead("the first line");
    const other = gateway.call(OTHER, "b", { raw: "a line of the other", hold: true });
    await gateway.hasRead("a line of the other");
    assertEquals(await gateway.linesOf(ONE, "a", first), ["the first line"]);
    // It runs alone now. What another one's call writes just before its end is read when only this one runs.
    await gateway.post("execute", { kwargs: { megabytes: 1, raw: "a late line" } }).then((response) => response.body?.cancel());
    await gateway.hasRead("a late line");
    assertEquals(await gateway.linesOf(OTHER, "b", other), []);
  });

  Deno.test(`${worker}: a client that takes the id of another one's earlier call gets none of its late lines`, async () => {
    await using gateway = await TalkingGateway.start(worker);
    await (await gateway.call(ONE, "a", {})).body?.cancel();
    const call = gateway.call(OTHER, "a", { line: "it has begun", hold: true });
    await gateway.hasRead("it has begun");
    const late = JSON.stringify({ text: "late", call_id: "a" });
    await (await gateway.post("execute", { kwargs: { line: late } })).body?.cancel();
    await gateway.hasRead(late);
    assertEquals(await gateway.linesOf(OTHER, "a", call), ["it has begun"]);
  });
}

Deno.test("python: each of several clients of a gateway gets the records of logging of its own calls", async () => {
  await using gateway = await TalkingGateway.start("python");
  const one = gateway.call(ONE, "a", { record: "error", hold: true });
  const other = gateway.call(OTHER, "a", { record: "warning", hold: true });
  await gateway.hasRead("a record of error", "a record of warning");
  assertEquals(await gateway.linesOf(ONE, "a", one), ["a record of error"]);
  assertEquals(await gateway.linesOf(OTHER, "a", other), ["a record of warning"]);
});

Deno.test("a client may use the id of a call that it has given up, though the plugin has not let go of that one", async () => {
  await using gateway = await TalkingGateway.start("python");
  for (let at = 0; at < 10; at++) {
    const given = gateway.post("execute", { kwargs: { line: `line ${at}`, hold: true } }, { [CALL_ID_HEADER]: "a" });
    await gateway.hasRead(`line ${at}`);
    await (await gateway.post("cancel", { call_id: "a" })).body?.cancel();
    assertEquals((await (await given).json()).code, "cancelled");
  }
});

Deno.test("a client that does not ask for lines gets none, and neither does a plain one, nor any where the gateway gives none", async () => {
  await using gateway = await TalkingGateway.start("python");
  await using silent = await TalkingGateway.start("python", { callLogs: false });
  const reply = async ({ given, headers, line }: { given: TalkingGateway; headers: Record<string, string>; line: string }) => {
    const call = given.post("execute", { kwargs: { line, hold: true } }, { ...headers, [CALL_ID_HEADER]: "a" });
    await given.hasRead(line);
    await (await given.post("cancel", { call_id: "a" })).body?.cancel();
    const text = await (await call).text();
    assert(!text.includes(line) && text.includes('"cancelled"'), text);
  };
  await reply({ given: gateway, headers: { accept: FRAMES_MEDIA_TYPE }, line: "unasked" });
  await reply({ given: gateway, headers: { [LOGS_HEADER]: LOGS_FEATURE }, line: "plain" });
  await reply({ given: silent, headers: ASKS, line: "ungiven" });
  const feature = async ({ url }: TalkingGateway, token: string) => {
    const response = await fetch(`${url}/health`, { headers: { authorization: `Bearer ${token}` } });
    return (await response.json()).features.includes(LOGS_FEATURE);
  };
  assertEquals([await feature(gateway, ONE), await feature(silent, ONE), await feature(silent, OPERATOR)], [true, false, true]);
});

Deno.test("a client that does not read its lines loses the older ones, is told how many, and holds up nobody", async () => {
  await using gateway = await TalkingGateway.start("python");
  const call = gateway.call(ONE, "a", { megabytes: 40, line: "the last line", hold: true });
  await gateway.hasRead("the last line");
  const lines = await gateway.linesOf(ONE, "a", call);
  const dropped = lines.map((text) => Number(/^(\d+) lines were dropped, for nobody read them$/.exec(text)?.[1] ?? 0));
  const kept = dropped.filter((count) => count === 0).length;
  assertEquals(kept + dropped.reduce((sum, count) => sum + count), 40 * 16_384 + 1);
  assertLess(kept, 100_000);
  assertEquals(lines.at(-1), "the last line");
});

Deno.test("a blocking proxy that is attached to a gateway gives the lines of its calls", async () => {
  await using gateway = await TalkingGateway.start("python");
  const { host } = new URL(gateway.url);
  const flags = [`--allow-net=${host}`, `--allow-read=${new URL("../../", import.meta.url).pathname}`];
  const args = [{ url: gateway.url, token: ONE }, { record: "error", hold: true }, { callId: "mine", timeoutMs: 1_000 }];
  const { stdout, stderr } = await runHost("hears_calls_sync", flags, args);
  assertEquals(stderr, "");
  const line = { stream: "stderr", text: "a record of error", level: "error", callId: "mine", isTime: true };
  assertEquals(JSON.parse(stdout), { outcome: "CallTimeoutError", lines: [line] });
});
