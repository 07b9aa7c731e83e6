import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { type LogRecord, RemotePluginProxy } from "@remote-plugin/proxy";
import { createGateway } from "@remote-plugin/proxy/gateway";
import { LOGS_FEATURE, LOGS_HEADER } from "../../src/protocol/log_body.ts";
import { CALL_ID_HEADER, FRAMES_MEDIA_TYPE } from "../../src/protocol/messages.ts";
import { BOTH, fixtureManifest } from "../support/fixture_proxy.ts";
import type { WorkerKind } from "../support/fixtures.ts";
import { eventually, within } from "../support/guard.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";
import { runHost } from "../support/run_host.ts";
import { WAYS } from "../support/ways.ts";

const [ONE, OTHER, OPERATOR] = ["let-one-in", "let-another-in", "let-me-see-to-it"];

/** The records of a proxy while they are read. */
class Heard implements AsyncDisposable {
  readonly records: LogRecord[] = [];
  readonly #iterator: AsyncIterator<LogRecord>;
  readonly #reading: Promise<void>;
  #isLeft = false;

  constructor(plugin: Pick<RemotePluginProxy, "logs">) {
    this.#iterator = plugin.logs[Symbol.asyncIterator]();
    this.#reading = this.#read();
  }

  get texts(): string[] {
    return this.records.map(({ text }) => text);
  }

  async of(text: string): Promise<Omit<LogRecord, "time">> {
    await eventually(() => this.texts.includes(text), `the line "${text}"`);
    const { time, ...record } = this.records.find((record) => record.text === text)!;
    assertLess(Math.abs(Date.now() - time.getTime()), 60_000);
    return record;
  }

  /** The plugin ends first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isLeft = true;
    await within(this.#reading, "the end of the lines");
  }

  async #read(): Promise<void> {
    for (let next = await this.#iterator.next(); !next.done; next = await this.#iterator.next()) {
      assert(!this.#isLeft || next.value !== undefined);
      this.records.push(next.value);
    }
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

class TalkingGateway implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;
  readonly url: string;

  private constructor(owned: AsyncDisposableStack, url: string) {
    this.#owned = owned;
    this.url = url;
  }

  static async start(
    worker: WorkerKind,
    options: { readonly max_concurrency?: number; readonly callLogs?: boolean } = {},
  ): Promise<TalkingGateway> {
    await using owned = new AsyncDisposableStack();
    const { callLogs, ...changes } = options;
    const manifests = [{ ...await fixtureManifest({ worker, transport: "unix" }, "talks"), ...changes }];
    const { manager } = owned.use(await ManagerWatch.create({ manifests, permissions: "requested" }));
    const gateway = createGateway(manager, { token: [ONE, OTHER], operatorToken: OPERATOR, callLogs });
    const server = owned.use(Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, gateway));
    return new TalkingGateway(owned.move(), `http://127.0.0.1:${server.addr.port}/talks`);
  }

  attach(token: string): Promise<RemotePluginProxy> {
    return RemotePluginProxy.attach({ url: this.url, token });
  }

  request(kwargs: unknown, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
    const init = { method: "POST", headers: { authorization: `Bearer ${ONE}`, ...headers }, body: JSON.stringify({ kwargs }), signal };
    return fetch(`${this.url}/execute`, init);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}

for (const { name, worker, reach } of WAYS.filter(({ name }) => /started|gateway/.test(name))) {
  Deno.test(`${name}: what a call prints comes while it runs, with its id, its stream and its level`, async () => {
    const reached = await reach("talks");
    const plugin = reached.plugin as unknown as RemotePluginProxy;
    await using heard = new Heard(plugin);
    await using _ended = reached;
    {
      await using _talk = new Talk(plugin, { line: "WARNING:talks:it is hot" }, "mine-1");
      assertEquals(await heard.of("WARNING:talks:it is hot"), {
        stream: "stderr",
        text: "WARNING:talks:it is hot",
        level: "warning",
        callId: "mine-1",
      });
    }
    if (worker === "deno") return;
    await using _talk = new Talk(plugin, { record: "error" }, "mine-2");
    assertEquals(await heard.of("a record of error"), { stream: "stderr", text: "a record of error", level: "error", callId: "mine-2" });
  });
}

for (const { worker } of BOTH) {
  Deno.test(`${worker}: a client of the gateway gets no line of another client's call`, async () => {
    await using gateway = await TalkingGateway.start(worker, { max_concurrency: 4 });
    const [one, other] = [await gateway.attach(ONE), await gateway.attach(OTHER)];
    await using heardByOne = new Heard(one);
    await using heardByOther = new Heard(other);
    await using _both = { [Symbol.asyncDispose]: async () => void await Promise.all([one.cleanup(), other.cleanup()]) };
    const told = (line: string, call_id: string) => JSON.stringify({ line, call_id });
    await using _first = new Talk(one, { line: told("of one", "a") }, "a");
    await heardByOne.of(told("of one", "a"));
    await using _second = new Talk(other, { line: "of the other, which tells no call" }, "b");
    // Its own id tells whose a line is; that of an earlier call of another client does not.
    await other.execute({ line: told("of one again, late", "a") }, { callId: "c" });
    await heardByOne.of(told("of one again, late", "a"));
    await one.execute({ line: "of one, which tells no call either" });
    assertEquals(heardByOther.texts, []);
    assertEquals(heardByOne.texts, [told("of one", "a"), told("of one again, late", "a")]);
  });

  Deno.test(`${worker}: a client that takes the id of another one's earlier call gets none of its late lines`, async () => {
    await using gateway = await TalkingGateway.start(worker, { max_concurrency: 2 });
    const [one, other] = [await gateway.attach(ONE), await gateway.attach(OTHER)];
    await using heard = new Heard(other);
    await using _both = { [Symbol.asyncDispose]: async () => void await Promise.all([one.cleanup(), other.cleanup()]) };
    await one.execute({}, { callId: "a" });
    await using _talk = new Talk(other, {}, "a");
    const late = JSON.stringify({ line: "late", call_id: "a" });
    const abort = new AbortController();
    await gateway.request({ line: late }, {}, abort.signal).then((response) => response.body?.cancel());
    assertEquals(heard.texts, []);
  });
}

Deno.test("a client that does not ask for lines gets none, and neither does a plain one, nor any where the gateway gives none", async () => {
  await using gateway = await TalkingGateway.start("python");
  await using silent = await TalkingGateway.start("python", { callLogs: false });
  const asks = { accept: FRAMES_MEDIA_TYPE, [LOGS_HEADER]: LOGS_FEATURE };
  assertEquals(await (await gateway.request({ record: "error" }, { accept: FRAMES_MEDIA_TYPE })).text(), '{"result":"done"}\n');
  assertEquals(await (await gateway.request({ record: "error" }, { [LOGS_HEADER]: LOGS_FEATURE })).text(), '"done"');
  assertEquals(await (await silent.request({ record: "error" }, asks)).text(), '{"result":"done"}\n');
  const feature = async ({ url }: TalkingGateway, token: string) => {
    const response = await fetch(`${url}/health`, { headers: { authorization: `Bearer ${token}` } });
    return (await response.json()).features.includes(LOGS_FEATURE);
  };
  assertEquals([await feature(gateway, ONE), await feature(silent, ONE), await feature(silent, OPERATOR)], [true, false, true]);
});

Deno.test("a client that does not read its lines loses the older ones, and is told how many", async () => {
  await using gateway = await TalkingGateway.start("python");
  const abort = new AbortController();
  const headers = { accept: FRAMES_MEDIA_TYPE, [LOGS_HEADER]: LOGS_FEATURE, [CALL_ID_HEADER]: "flood" };
  const response = await gateway.request({ megabytes: 200, line: "the last line", hold: true }, headers, abort.signal);
  const seen = { bytes: 0, kept: 0, dropped: 0, isLast: false };
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    seen.bytes += text.length;
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const { log } = JSON.parse(line);
      const [, dropped] = log.stream === "host" ? /^(\d+) lines were dropped/.exec(log.text) ?? [] : [];
      if (dropped === undefined) seen.kept++;
      else seen.dropped += Number(dropped);
      seen.isLast ||= log.text === "the last line";
    }
    if (seen.isLast) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  abort.abort();
  assertEquals(seen.kept + seen.dropped, 200 * 16_384 + 1);
  assert(seen.dropped > 0, "none was dropped");
});

Deno.test("a blocking proxy that is attached to a gateway gives the lines of its calls", async () => {
  await using gateway = await TalkingGateway.start("python");
  const { host } = new URL(gateway.url);
  const flags = [`--allow-net=${host}`, `--allow-read=${new URL("../../", import.meta.url).pathname}`];
  const args = [{ url: gateway.url, token: ONE }, { record: "error", hold: true }, { callId: "mine", timeoutMs: 1_000 }];
  const { stdout, stderr } = await runHost("hears_calls_sync", flags, args);
  assertEquals(stderr, "");
  const line = { stream: "stderr", text: "a record of error", level: "error", callId: "mine", isTime: true };
  assertEquals(JSON.parse(stdout), { outcome: "CallError", lines: [line] });
});
