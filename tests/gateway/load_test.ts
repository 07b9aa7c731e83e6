import { assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async";
import type { Manifest } from "@remote-plugin/proxy";
import { createGateway, type GatewayOptions } from "@remote-plugin/proxy/gateway";
import { mostOpenFiles } from "../../src/process/open_files.ts";
import { Crowd, requestText, statusOf, writeAll } from "../support/crowd.ts";
import { eventually, within } from "../support/guard.ts";
import { ManagerWatch, pythonManifest } from "../support/managed_plugins.ts";
import { ServedPlugins } from "../support/served_plugins.ts";

const MIB = 2 ** 20;

/** How many connections a process may have: a machine where they are few cannot show what is shown here. */
const FILES = await mostOpenFiles() ?? Infinity;

/** An honest client, and one that means no good. Each has a token of its own. */
const [HONEST, OTHER] = ["let-me-in", "let-me-spoil-it"];

/** A gateway behind a server, in this process. */
class Served implements AsyncDisposable {
  readonly watch: ManagerWatch;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(watch: ManagerWatch, server: Deno.HttpServer<Deno.NetAddr>) {
    this.watch = watch;
    this.#server = server;
  }

  static async of(fixture: string, options: Partial<GatewayOptions> = {}, changes: Partial<Manifest> = {}): Promise<Served> {
    const manifests = await Promise.all([pythonManifest(fixture, changes), pythonManifest("echo")]);
    const watch = await ManagerWatch.create({ manifests });
    const gateway = createGateway(watch.manager, { token: [HONEST, OTHER], ...options });
    return new Served(watch, Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, gateway));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.#server.addr.port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch[Symbol.asyncDispose]();
    await within(this.#server.shutdown(), "the end of the server");
  }
}

/** An honest client is served. How fast stands in the bench. */
async function serves(url: string, token = HONEST): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await within(
    fetch(`${url}/echo/execute`, { method: "POST", headers, body: '{"args": [1]}' }),
    "an honest client's answer",
  );
  assertEquals([answer.status, (await answer.json()).args], [200, [1]]);
}

function spoiled(headers: Record<string, string>, token = OTHER): Record<string, string> {
  return { host: "127.0.0.1", authorization: `Bearer ${token}`, ...headers };
}

/** Sends a body, or as much of it as is taken. */
async function sendMiB(conn: Deno.Conn, count: number): Promise<void> {
  const piece = new Uint8Array(MIB).fill(97);
  for (let sent = 0; sent < count && await writeAll(conn, piece); sent++);
}

for (const says of ["", "POST /echo/execute HTTP/1.1\r\nhost: 127.0"]) {
  const what = says === "" ? "nothing" : "half a request";
  Deno.test(`6,000 connections that say ${what} keep no honest client from being served`, { ignore: FILES < 8_000 }, async () => {
    await using served = await ServedPlugins.start({ echo: await pythonManifest("echo") });
    await serves(served.url, served.token);
    await using crowd = await Crowd.gather(served.url, { size: 6_000, says });
    await serves(served.url, served.token);
    assertEquals(crowd.size, 6_000);
  });
}

Deno.test("512 MiB of JSON are refused by their length, and honest clients are served while they come", async () => {
  await using served = await Served.of("holds");
  using conn = await served.connect();
  await writeAll(
    conn,
    requestText("/echo/execute", { headers: spoiled({ "content-length": `${512 * MIB}` }), body: '{"kwargs": {"a": "' }),
  );
  const sending = sendMiB(conn, 511);
  assertEquals(await within(statusOf(conn), "an answer to 512 MiB"), 413);
  for (let call = 0; call < 10; call++) await serves(served.url);
  conn.close();
  await sending;
});

Deno.test("a client that sends its body too slowly is refused", async () => {
  await using served = await Served.of("holds", { limits: { bodyMs: 300 } });
  const says = requestText("/echo/execute", { headers: spoiled({ "content-length": "100" }), body: '{"kwargs"' });
  await using crowd = await Crowd.gather(served.url, { size: 200, says });
  await serves(served.url);
  const statuses = await within(crowd.statuses(), "the answers to slow clients");
  assertEquals(new Set(statuses), new Set([408]));
});

Deno.test("a client that leaves a call which is no stream has given it up", async () => {
  await using served = await Served.of("holds");
  const headers = { authorization: `Bearer ${OTHER}` };
  const leaving = new AbortController();
  const body = '{"kwargs": {"hold": "a"}}';
  const held = fetch(`${served.url}/holds/execute`, { method: "POST", headers, body, signal: leaving.signal });
  const open = async () => (await served.watch.manager.getStats()).plugins.find(({ name }) => name === "holds")!.calls.open;
  await eventually(async () => await open() === 1, "an open call");
  leaving.abort(new Error("I have left"));
  await assertRejects(() => held, Error, "I have left");
  await eventually(async () => await open() === 0, "the end of a call that was left");
});

/** Whether the plugin has given nothing since the look before, and something at all. */
function standsStill(notes: string): () => Promise<boolean> {
  let last = 0n;
  return async () => {
    await delay(50);
    const before = last;
    last = new DataView((await Deno.readFile(notes)).buffer).getBigUint64(0, true);
    return last > 0n && last === before;
  };
}

Deno.test("a client that leaves a stream which it has not read leaves the plugin to the next one", async () => {
  await using served = await Served.of("gives_for_ever");
  const notes = await Deno.makeTempFile();
  await Deno.writeFile(notes, new Uint8Array(8));
  const body = JSON.stringify({ kwargs: { notes, sizes: [100_000], pauses: [0], last: 0 } });
  const request = requestText("/gives_for_ever/execute_stream", { headers: spoiled({ "content-length": `${body.length}` }), body });
  for (let round = 0; round < 2; round++) {
    using conn = await served.connect();
    await writeAll(conn, request);
    assertEquals(await within(statusOf(conn), "the beginning of a stream"), 200);
    // It waits for its reader when all buffers on the way are full.
    await eventually(standsStill(notes), "a stream that nobody reads");
  }
  const left = async () => (await served.watch.manager.getStats()).plugins.find(({ name }) => name === "gives_for_ever")!.calls.open === 0;
  await eventually(left, "the end of calls that were left");
  await Deno.remove(notes);
});

const CROWDED = "10,000 requests of one client at once are answered, those beyond its limit with 429, and another client is served";

Deno.test(CROWDED, { ignore: FILES < 16_000 }, async () => {
  await using served = await ServedPlugins.start({ echo: await pythonManifest("echo"), holds: await pythonManifest("holds") }, [
    "--drain",
    "0",
  ]);
  const body = '{"kwargs": {"hold": "a"}}';
  const headers = { host: "127.0.0.1", authorization: `Bearer ${served.token}`, "content-length": `${body.length}` };
  await using crowd = await Crowd.gather(served.url, { size: 10_000, says: requestText("/holds/execute", { headers, body }) });
  await serves(served.url, served.operatorToken);
  const refused = await within(crowd.count(429, 10_000 - 1_024), "the answers to those beyond the limit");
  assertEquals(refused, 10_000 - 1_024);
});
