import { assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import type { Frame } from "../protocol/frames.ts";
import type { WireRequest } from "../protocol/exchange.ts";
import { BrokenReplyError, MalformedReplyError, RefusedError } from "./errors.ts";
import { UpgradedTransport } from "./upgraded.ts";

const UPGRADED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: remote-plugin-frames\r\n\r\n";
const NEVER = new AbortController().signal;

/** A worker's end of one connection, in memory: it says what it was given once a request has come, and then hangs up or says no more. */
class Conversation {
  written = "";
  isClosed = false;
  readonly #decoder = new TextDecoder();
  readonly #said: string[];
  readonly #hangsUp: boolean;
  readonly #isGone: boolean;
  readonly #closed = Promise.withResolvers<never>();

  /** `isGone`: the worker has hung up before anything was written. */
  constructor(said: readonly string[], { hangsUp = true, isGone = false } = {}) {
    this.#said = [...said];
    this.#isGone = isGone;
    this.#hangsUp = hangsUp;
    this.#closed.promise.catch(() => {});
  }

  read(into: Uint8Array): Promise<number | null> {
    const next = this.#said.shift();
    if (next !== undefined) return Promise.resolve(new TextEncoder().encodeInto(next, into).written);
    return this.#hangsUp ? Promise.resolve(null) : this.#closed.promise;
  }

  /** At most so many bytes at once, as a full socket takes them. */
  write(bytes: Uint8Array): Promise<number> {
    if (this.#isGone) return Promise.reject(new Deno.errors.BrokenPipe());
    const taken = bytes.subarray(0, 100_000);
    this.written += this.#decoder.decode(taken, { stream: true });
    return Promise.resolve(taken.length);
  }

  close(): void {
    this.isClosed = true;
    this.#closed.reject(new Deno.errors.BadResource("closed"));
  }
}

/** Runs code with a transport whose connections are these, one after the other. */
async function over(conversations: readonly Conversation[], code: (transport: UpgradedTransport) => Promise<void>): Promise<void> {
  const left = [...conversations];
  const connect = (): Promise<never> => {
    const next = left.shift();
    return next === undefined ? Promise.reject(new Deno.errors.ConnectionRefused()) : Promise.resolve(next as never);
  };
  using _connect = stub(Deno, "connect", connect);
  using transport = UpgradedTransport.at({ url: "unix:/memory", token: "secret" })!;
  await code(transport);
}

async function ask(transport: UpgradedTransport, request: WireRequest = { endpoint: "execute" }, signal = NEVER): Promise<Frame[]> {
  return await Array.fromAsync(transport.exchange(request, signal));
}

Deno.test("the first request goes out behind the one for the upgrade, without waiting for its answer", async () => {
  const worker = new Conversation([`${UPGRADED}{"result":1}\n`]);
  await over([worker], async (transport) => {
    assertEquals(await ask(transport, { endpoint: "execute", json: '{"kwargs":{}}', callId: "c-1", files: "shared" }), [{ result: 1 }]);
  });
  const [head, request] = worker.written.split("\r\n\r\n");
  assertEquals(head!.split("\r\n").slice(0, 3), ["GET /frames HTTP/1.1", "Host: localhost", "Authorization: Bearer secret"]);
  assertEquals(request, 'execute 13 call=c-1 files=shared\n{"kwargs":{}}');
  assertEquals(worker.isClosed, true);
});

Deno.test("a connection is used again when a reply has ended, and only then", async () => {
  const first = new Conversation([UPGRADED, '{"chunk":1}\n{"res', 'ult":null}\n', '{"result":2}\n']);
  await over([first], async (transport) => {
    assertEquals(await ask(transport), [{ chunk: 1 }, { result: null }]);
    assertEquals(await ask(transport), [{ result: 2 }]);
  });
  const left = new Conversation([UPGRADED, '{"chunk":1}\n{"chunk":2}\n'], { hangsUp: false });
  await over([left, new Conversation([UPGRADED, '{"result":3}\n'])], async (transport) => {
    for await (const frame of transport.exchange({ endpoint: "execute_stream" }, NEVER)) {
      assertEquals(frame, { chunk: 1 });
      break;
    }
    assertEquals(left.isClosed, true);
    assertEquals(await ask(transport), [{ result: 3 }]);
  });
});

Deno.test("a request that fits into no memory of the connection is sent whole", async () => {
  const worker = new Conversation([UPGRADED, '{"result":null}\n']);
  const json = JSON.stringify({ kwargs: { text: "½".repeat(200_000) } });
  await over([worker], async (transport) => void await ask(transport, { endpoint: "execute", json }));
  const bytes = new TextEncoder().encode(json).length;
  assertEquals(worker.written.split("\r\n\r\n")[1], `execute ${bytes}\n${json}`);
});

Deno.test("a trace goes along without what no line can carry", async () => {
  const worker = new Conversation([UPGRADED, '{"result":null}\n']);
  const trace = { traceparent: "00-a-b-01", tracestate: "one = 1", baggage: "tränen=1" };
  await over([worker], async (transport) => void await ask(transport, { endpoint: "execute", trace }));
  assertEquals(worker.written.split("\r\n\r\n")[1], "execute 0 traceparent=00-a-b-01 tracestate=one=1\n");
});

for (
  const [what, said, error, words] of [
    [
      "the upgrade is refused",
      ['HTTP/1.1 401 Unauthorized\r\nContent-Length: 22\r\n\r\n{"detail":"no token 1"}'],
      RefusedError,
      "no token",
    ],
    ["the request is refused", [UPGRADED, '{"refused":{"status":409,"detail":"in use"}}\n'], RefusedError, "in use"],
    ["what comes is no frame", [UPGRADED, "nonsense\n"], MalformedReplyError, "no JSON"],
    ["more comes behind the last frame", [UPGRADED, '{"result":1}\n{"result":2}\n'], MalformedReplyError, "after its last"],
    ["nothing comes", [], BrokenReplyError, "before the reply came"],
    ["nothing comes behind the upgrade", [UPGRADED], BrokenReplyError, "before the reply came"],
    ["the reply breaks off", [UPGRADED, '{"chunk":1}\n{"chu'], BrokenReplyError, "before its last frame"],
  ] as const
) {
  Deno.test(`a connection is closed, and the caller told why, when ${what}`, async () => {
    const worker = new Conversation(said);
    await over([worker], async (transport) => {
      await assertRejects(() => ask(transport), error, words);
      assertEquals(worker.isClosed, true);
    });
  });
}

Deno.test("nobody at the address, and an id that no worker takes, are errors of their own", async () => {
  await over([], async (transport) => void await assertRejects(() => ask(transport), BrokenReplyError, "Nothing listens"));
  await over([new Conversation([UPGRADED])], async (transport) => {
    await assertRejects(() => ask(transport, { endpoint: "execute", callId: "two words" }), RefusedError, "visible ASCII");
  });
});

Deno.test("aborting closes the connection, and is the caller's own reason", async () => {
  const worker = new Conversation([UPGRADED, '{"chunk":1}\n'], { hangsUp: false });
  await over([worker], async (transport) => {
    const leaving = new AbortController();
    const frames = transport.exchange({ endpoint: "execute_stream" }, leaving.signal)[Symbol.asyncIterator]();
    assertEquals((await frames.next()).value, { chunk: 1 });
    const next = frames.next();
    leaving.abort(new Error("enough"));
    await assertRejects(() => next, Error, "enough");
    assertEquals(worker.isClosed, true);
  });
});

Deno.test("a worker that has hung up before it was asked for anything is asked on another connection, three times at most", async () => {
  const gone = () => new Conversation([], { isGone: true });
  const [first, second] = [gone(), new Conversation([`${UPGRADED}{"result":1}\n`])];
  await over([first, second], async (transport) => assertEquals(await ask(transport), [{ result: 1 }]));
  const all = [gone(), gone(), gone(), new Conversation([`${UPGRADED}{"result":1}\n`])];
  await over(all, async (transport) => void await assertRejects(() => ask(transport), BrokenReplyError));
  assertEquals([first, ...all].map(({ isClosed }) => isClosed), [true, true, true, true, false]);
});
