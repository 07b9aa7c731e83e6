import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError, PluginStateError, RemoteError, RemotePluginProxy } from "@remote-plugin/proxy";
import { createGateway, type GatewayOptions } from "@remote-plugin/proxy/gateway";
import { FRAMES_MEDIA_TYPE } from "../../src/protocol/messages.ts";
import { BOTH, fixtureManifest } from "../support/fixture_proxy.ts";
import type { WorkerKind } from "../support/fixtures.ts";
import { within } from "../support/guard.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";
import { runHost } from "../support/run_host.ts";
import { APART } from "../support/ways.ts";

const [ONE, OTHER] = ["let-one-in", "let-another-in"];

/** A gateway with a plugin that calls functions. */
class CallingGateway implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;
  readonly url: string;

  private constructor(owned: AsyncDisposableStack, url: string) {
    this.#owned = owned;
    this.url = url;
  }

  static async start(worker: WorkerKind, options: Partial<GatewayOptions> = {}): Promise<CallingGateway> {
    await using owned = new AsyncDisposableStack();
    const manifests = [await fixtureManifest({ worker, transport: "unix" }, "calls_back")];
    const { manager } = owned.use(await ManagerWatch.create({ manifests, permissions: "requested" }));
    const gateway = createGateway(manager, { token: [ONE, OTHER], callbacks: true, ...options });
    const server = owned.use(Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, gateway));
    return new CallingGateway(owned.move(), `http://127.0.0.1:${server.addr.port}/calls_back`);
  }

  attach(token: string = ONE): Promise<RemotePluginProxy> {
    return RemotePluginProxy.attach({ url: this.url, token });
  }

  /** Sends a request as it stands. */
  async post(
    endpoint: string,
    body: unknown,
    { token = ONE, ...headers }: Record<string, string> = {},
  ): Promise<[number, Record<string, unknown>]> {
    const sent = { authorization: `Bearer ${token}`, ...headers };
    const response = await fetch(`${this.url}/${endpoint}`, { method: "POST", headers: sent, body: JSON.stringify(body) });
    return [response.status, await response.json()];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}

const FUNCTION = { kwargs: { function: { function: 0 } }, types: { "/kwargs/function": "function" } };

for (const { name, isAsync, reach } of APART) {
  Deno.test(`${name}: a plugin calls functions of a program that has attached`, async () => {
    await using reached = await reach("calls_back");
    const { plugin } = reached;
    assertEquals(await plugin.execute({ function: (word: string) => [word, NaN], args: ["bank"] }), ["bank", NaN]);
    const chunks = plugin.executeStream({ function: (i: number) => i * 2, items: [1, 2] });
    assertEquals(await Array.fromAsync(chunks), [2, 4]);
    const seen: number[] = [];
    const bytes = (file: { readonly size: number }) => {
      seen.push(file.size);
      return new Uint8Array(3);
    };
    assertEquals(await plugin.execute({ function: bytes, do: "give_bytes", times: 300_000 }), [3]);
    assertEquals(seen, [300_000]);
    const fail = () => {
      throw new RangeError("no such word");
    };
    const error = await assertRejects(() => plugin.execute({ function: fail }), RemoteError, "RangeError: no such word");
    assertInstanceOf(error.cause, RangeError);
    assertEquals(reached.files(), []);
    if (!isAsync) return;
    const again = () => plugin.execute({ function: () => 1 });
    const refused = await assertRejects(() => plugin.execute({ function: again }), RemoteError);
    assertInstanceOf(refused.cause, PluginStateError);
  });
}

for (const { worker } of BOTH) {
  Deno.test(`${worker}: a gateway that does not allow it lets no plugin call its clients, and says so`, async () => {
    await using gateway = await CallingGateway.start(worker, { callbacks: false });
    await using plugin = await gateway.attach();
    const error = await assertRejects(() => plugin.execute({ function: () => 1 }), CallError, 'made with "callbacks: true"');
    assertEquals(error.code, "not_supported");
    const [status, problem] = await gateway.post("execute", FUNCTION, { accept: FRAMES_MEDIA_TYPE, "remote-plugin-call": "a" });
    assertEquals([status, problem.detail], [
      400,
      'This gateway lets no plugin call its clients. It does when it is made with "callbacks: true"',
    ]);
    assertEquals(await plugin.execute({ do: "is_same", a: 1, b: 1 }), true, "calls without functions go on");
  });

  Deno.test(`${worker}: a client that leaves has its call end, and its plugin let go`, async () => {
    await using gateway = await CallingGateway.start(worker);
    const called = Promise.withResolvers<void>();
    const abort = new AbortController();
    {
      await using leaver = await gateway.attach();
      const run = () => {
        called.resolve();
        return new Promise(() => {});
      };
      const outcome = leaver.execute({ function: run }, { signal: abort.signal });
      await within(called.promise, "the plugin to call");
      abort.abort(new Error("the user left"));
      await assertRejects(() => outcome, Error, "the user left");
    }
    await using plugin = await gateway.attach();
    assertEquals(await plugin.execute({ function: () => 2 }), 2);
  });
}

Deno.test("nobody answers for the functions of another client", async () => {
  await using gateway = await CallingGateway.start("python");
  await using plugin = await gateway.attach();
  const answers: unknown[] = [];
  const run = async () => {
    answers.push(await gateway.post("callback", { call_id: "mine", callback: 1, result: "forged" }, { token: OTHER }));
    return "own";
  };
  assertEquals(await plugin.execute({ function: run }, { callId: "mine" }), "own");
  assertEquals(answers, [[200, { status: "not_waiting" }]]);
});

Deno.test("a gateway that drains still takes what its open calls wait for", async () => {
  const draining = new AbortController();
  await using gateway = await CallingGateway.start("python", { draining: draining.signal });
  await using plugin = await gateway.attach();
  const run = () => {
    draining.abort();
    return 3;
  };
  assertEquals(await plugin.execute({ function: run }), 3);
  await assertRejects(() => plugin.execute({ function: run }), CallError, "about to end");
});

Deno.test("what a client answers is no call of its own for those who observe a gateway", async () => {
  const seen: string[] = [];
  const observer = { opened: ({ endpoint }: { readonly endpoint: string }) => void seen.push(endpoint), ended: () => {} };
  await using gateway = await CallingGateway.start("python", { observers: [observer] });
  await using plugin = await gateway.attach();
  assertEquals(await plugin.execute({ function: (i: number) => i, do: "repeat", times: 3 }), [0, 1, 2]);
  assertEquals(seen.filter((endpoint) => endpoint === "execute" || endpoint === "callback"), ["execute"]);
});

for (
  const [what, endpoint, body, detail] of [
    ["a call without an id", "execute", FUNCTION, "Only a call with an id and a framed reply may have functions"],
    ["a function whose number is none", "execute", { ...FUNCTION, kwargs: { function: { function: 64 } } }, "where no function is"],
    ["a function in a configuration", "prefetch", FUNCTION, '"prefetch" takes no functions'],
    ["an answer without a call", "callback", { callback: 1, result: 1 }, '"call_id" must be a string'],
    ["an answer without a result", "callback", { call_id: "a", callback: 1 }, 'must have one of "result" and "error"'],
    ["an answer that is a list", "callback", [], "The body is no JSON object"],
  ] as const
) {
  Deno.test(`a gateway refuses ${what}`, async () => {
    await using gateway = await CallingGateway.start("python");
    const [status, problem] = await gateway.post(endpoint, body, { accept: FRAMES_MEDIA_TYPE });
    assertEquals(status, 400);
    assertStringIncludes(String(problem.detail), detail);
  });
}

Deno.test("a program with net permission alone is called back by a plugin that it has attached to", async () => {
  await using gateway = await CallingGateway.start("python");
  const { stdout, stderr } = await runHost("is_called_back", ["--allow-net=127.0.0.1"], [{ url: gateway.url, token: ONE }]);
  assertEquals([stderr, stdout.trim()], ["", "4"]);
});
