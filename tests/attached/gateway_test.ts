import { assertEquals } from "@std/assert";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { createGateway } from "@remote-plugin/proxy/gateway";
import { PARTS_HEADER } from "../../src/protocol/parts.ts";
import { pattern } from "../support/bytes.ts";
import { sharedFiles } from "../support/files.ts";
import { ScratchWatch } from "../support/fixture_proxy.ts";
import { eventually } from "../support/guard.ts";
import type { Described } from "../support/handed_over.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";
import { RawConnection } from "../support/raw_http.ts";
import { runHost } from "../support/run_host.ts";

type Seen = Record<string, Described>;

const TOKENS = { token: "let-me-in", operatorToken: "let-me-see-to-it" };

/** A gateway with a plugin that takes and gives files, and a look at these. */
class FilesGateway implements AsyncDisposable {
  readonly #owned: AsyncDisposableStack;
  readonly #scratch: string;
  /** Where the plugin is. */
  readonly url: string;

  private constructor(owned: AsyncDisposableStack, scratch: string, url: string) {
    this.#owned = owned;
    this.#scratch = scratch;
    this.url = url;
  }

  static async start(): Promise<FilesGateway> {
    await using owned = new AsyncDisposableStack();
    const scratch = owned.use(await ScratchWatch.create());
    const watch = owned.use(await ManagerWatch.of("hands_over", { scratchDir: scratch.path }));
    const gateway = createGateway(watch.manager, { ...TOKENS, limits: { bodyBytes: 10_000 } });
    const server = owned.use(Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, gateway));
    return new FilesGateway(owned.move(), scratch.path, `http://127.0.0.1:${server.addr.port}/hands_over`);
  }

  get files(): readonly string[] {
    return sharedFiles(this.#scratch);
  }

  attach(token: string): Promise<RemotePluginProxy> {
    return RemotePluginProxy.attach({ url: this.url, token });
  }

  /** Sends a body as it stands, and gives the status and the code of what is wrong with it. */
  async post(json: unknown, behind: string, headers: Record<string, string> = {}): Promise<[number, string]> {
    const text = JSON.stringify(json);
    const sent = { authorization: `Bearer ${TOKENS.token}`, [PARTS_HEADER]: `${text.length}`, ...headers };
    const response = await fetch(`${this.url}/execute`, { method: "POST", headers: sent, body: text + behind });
    return [response.status, (await response.json()).code];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}

Deno.test("a gateway says what is wrong with the files of a request, keeps none of them, and goes on", async () => {
  await using gateway = await FilesGateway.start();
  const labelled = (...parts: object[]) => ({ parts, body: { kwargs: { a: null, b: null } } });
  const [a, b] = [{ at: "/kwargs/a", size: 5 }, { at: "/kwargs/b", size: 5 }];
  assertEquals(await gateway.post(labelled(a, b), "hellohello"), [200, undefined as unknown as string]);
  assertEquals(await gateway.post(labelled(a), "hell"), [400, "input_failed"], "it ends too early");
  assertEquals(await gateway.post(labelled(a), "hello you"), [400, "input_failed"], "it goes on");
  assertEquals(await gateway.post(labelled({ at: "/kwargs/a" }), "x\nhello0\n"), [400, "input_failed"], "a block without a length");
  assertEquals(await gateway.post(labelled(b, a), "hellohello"), [400, "input_failed"], "another order");
  assertEquals(await gateway.post(labelled({ at: "/kwargs/c", size: 5 }), "hello"), [400, "bad_request"], "no such place");
  assertEquals(await gateway.post({ parts: [a] }, "hello"), [400, "bad_request"], "no body");
  assertEquals(await gateway.post({ parts: [], body: { kwargs: { a: "x".repeat(10_000) } } }, ""), [413, "body_too_long"]);
  assertEquals(await gateway.post(labelled(a), "hello", { [PARTS_HEADER]: "x" }), [400, "bad_request"]);
  assertEquals(await gateway.post(labelled(a), "hello", { [PARTS_HEADER]: "9000" }), [400, "bad_request"]);
  await eventually(() => gateway.files.length === 0, "the end of the files");
  await using plugin = await gateway.attach(TOKENS.token);
  assertEquals((await plugin.execute<Seen>({ data: pattern(250_000) })).data!.size, 250_000);
});

Deno.test("a client of a gateway that goes away in the middle of its files leaves none", async () => {
  await using gateway = await FilesGateway.start();
  await using plugin = await gateway.attach(TOKENS.token);
  const json = JSON.stringify({ parts: [{ at: "/kwargs/data" }], body: { kwargs: { data: null } } });
  const { host } = new URL(gateway.url);
  const head = [
    "POST /hands_over/execute HTTP/1.1",
    `Host: ${host}`,
    `Authorization: Bearer ${TOKENS.token}`,
    `${PARTS_HEADER}: ${json.length}`,
    `Content-Length: ${json.length + 1005}`,
  ];
  {
    using client = await RawConnection.open({ tcp: host });
    await client.write(`${head.join("\r\n")}\r\n\r\n${json}1000\n${"x".repeat(900)}`);
    await eventually(() => gateway.files.length === 1, "a part of the file");
  }
  await eventually(() => gateway.files.length === 0, "the end of the file");
  assertEquals((await plugin.execute<Seen>({ data: pattern(9) })).data!.size, 9);
});

Deno.test("an operator's configuration may have files, and the next worker gets them as well", async () => {
  await using gateway = await FilesGateway.start();
  await using plugin = await gateway.attach(TOKENS.operatorToken);
  await plugin.initialize({ model: pattern(70_000), name: "large" });
  const before = await plugin.getCurrentConfig();
  assertEquals(await sizeOf(plugin, before), 70_000);
  await plugin.execute({ action: "crash" }).catch(() => {});
  await plugin.execute({ data: 1 }).catch(() => {});
  const after = await plugin.getCurrentConfig();
  assertEquals([await sizeOf(plugin, after), after.model === before.model], [70_000, false]);
});

Deno.test("a program with leave for the gateway's address alone sends files in every form, gets them, and gives up a call", async () => {
  await using gateway = await FilesGateway.start();
  const flags = [`--allow-net=${new URL(gateway.url).host}`];
  const { stdout, stderr } = await runHost("sends_files", flags, [{ url: gateway.url, token: TOKENS.token }, 200_000]);
  assertEquals(stderr, "");
  assertEquals(JSON.parse(stdout), {
    seen: [200_000, 200_000, 200_000, 200_128],
    gave: [200_000, 200_000, 200_000],
    outcome: "TimeoutError",
  });
  await eventually(() => gateway.files.length === 0, "the end of the files");
});

async function sizeOf(plugin: RemotePluginProxy, { model }: Record<string, unknown>): Promise<number> {
  return (await plugin.execute<Seen>({ model })).model!.size;
}
