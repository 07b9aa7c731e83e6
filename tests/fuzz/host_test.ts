import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { PluginError, PluginStateError, ProtocolError, RemotePluginProxy } from "@remote-plugin/proxy";
import { misbehavingWorker } from "@remote-plugin/proxy/testing";
import { type HttpEndpoint, HttpTransport } from "../../src/transport/http.ts";
import { UpgradedTransport } from "../../src/transport/upgraded.ts";
import { fuzzRuns, fuzzSeed } from "../support/fuzz_settings.ts";
import { within } from "../support/guard.ts";
import { bareReplyCase, type ReplyCase, replyCase } from "../support/reply_cases.ts";

const BATCH = 25;
const TOKEN = "token";

type Connect = (endpoint: HttpEndpoint) => HttpTransport | UpgradedTransport;

/** A server that answers each request by the bytes that were left for its call's id, and hangs up. */
class LyingServer implements AsyncDisposable {
  readonly #path: string;
  readonly #listener: Deno.UnixListener;
  readonly #replies = new Map<string, Uint8Array>();
  readonly #served: Promise<void>;

  constructor(path: string) {
    this.#path = path;
    this.#listener = Deno.listen({ transport: "unix", path });
    this.#served = this.#serve();
  }

  /** What one case talks over: the next one must not meet a connection on which this server has hung up. */
  connect(connect: Connect): HttpTransport | UpgradedTransport {
    return connect({ url: `unix:${this.#path}`, token: TOKEN });
  }

  leave(callId: string, reply: Uint8Array): void {
    this.#replies.set(callId, reply);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#served;
  }

  async #serve(): Promise<void> {
    const open = new Set<Promise<void>>();
    for await (const conn of this.#listener) {
      const answered = this.#answer(conn).catch(() => {}).finally(() => open.delete(answered));
      open.add(answered);
    }
    await Promise.all(open);
  }

  async #answer(conn: Deno.Conn): Promise<void> {
    using connection = conn;
    const buffer = new Uint8Array(4096);
    let text = "";
    while (!/\n(\r\n)?\{/.test(text)) {
      const count = await connection.read(buffer);
      if (count === null) return;
      text += new TextDecoder().decode(buffer.subarray(0, count));
      const [upgrade] = /^GET \/frames .*?\r\n\r\n/s.exec(text) ?? [];
      if (upgrade === undefined) continue;
      await connection.write(new TextEncoder().encode("HTTP/1.1 101 Switching Protocols\r\nUpgrade: remote-plugin-frames\r\n\r\n"));
      text = text.slice(upgrade.length);
    }
    const [, callId = ""] = /\r\nremote-plugin-call: (\S+)/i.exec(text) ?? / call=(\S+)/.exec(text) ?? [];
    let rest = this.#replies.get(callId) ?? new Uint8Array();
    this.#replies.delete(callId);
    while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
  }
}

let nextCall = 0;

/** One reply, as the user of a proxy comes to see it. */
async function tryReply({ bytes, chunks }: ReplyCase, server: LyingServer, connect: Connect): Promise<void> {
  const callId = `case-${nextCall++}`;
  server.leave(callId, bytes);
  const good = misbehavingWorker();
  using liar = server.connect(connect);
  await using plugin = await RemotePluginProxy.attach({
    exchange: (request, signal) => (request.callId === callId ? liar : good).exchange(request, signal),
  });
  try {
    const seen = await within(
      Array.fromAsync(plugin.executeStream({ run: () => 1 }, { callId })),
      `an answer to ${JSON.stringify(text(bytes))}`,
    );
    if (chunks !== undefined) assertEquals(seen, chunks);
  } catch (error) {
    assert(chunks === undefined && error instanceof PluginError, `${error} is the answer to ${JSON.stringify(text(bytes))}`);
    assert(error.message.length < 2_000, "an error's message is not what the worker likes it to be");
    if (error instanceof ProtocolError) await checkGivenUp(plugin, error);
  }
  assertEquals(({} as { polluted?: unknown }).polluted, undefined);
}

/** After a lie no call can follow; after a connection that broke before its reply began it can. */
async function checkGivenUp(plugin: RemotePluginProxy, breach: ProtocolError): Promise<void> {
  const isBefore = /before the reply came/.test(breach.message);
  const later = await plugin.execute().then(() => undefined, (error) => error);
  assertEquals(later instanceof PluginStateError, !isBefore, `${later} follows on ${breach.message}`);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

const WIRES = [
  { wire: "over HTTP", connect: (endpoint: HttpEndpoint) => new HttpTransport(endpoint), replies: replyCase },
  { wire: "on an upgraded connection", connect: (endpoint: HttpEndpoint) => UpgradedTransport.at(endpoint)!, replies: bareReplyCase },
];

for (const { wire, connect, replies } of WIRES) {
  Deno.test(`whatever a worker sends ${wire}, the host gets what was meant or one typed error, and goes on`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "rp-" });
    try {
      await using server = new LyingServer(`${folder}/s`);
      const batch = fc.array(replies, { minLength: BATCH, maxLength: BATCH });
      const property = fc.asyncProperty(batch, async (cases) => {
        await Promise.all(cases.map((each) => tryReply(each, server, connect)));
      });
      await fc.assert(property, { numRuns: Math.ceil(fuzzRuns() / BATCH), seed: fuzzSeed(`replies ${wire}`), endOnFailure: true });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
