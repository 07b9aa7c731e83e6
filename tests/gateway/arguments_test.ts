import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError, RemotePluginProxy } from "@remote-plugin/proxy";
import { createGateway, type GatewayOptions } from "@remote-plugin/proxy/gateway";
import { eventually } from "../support/guard.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";

const TOKEN = "let-me-in";

/** A gateway of a plugin that says with hints what it takes. */
async function served(options: Partial<GatewayOptions>) {
  await using owned = new AsyncDisposableStack();
  const watch = owned.use(await ManagerWatch.of("hints"));
  const scratchDir = await Deno.makeTempDir();
  owned.defer(() => Deno.remove(scratchDir));
  const gateway = createGateway(watch.manager, { token: TOKEN, scratchDir, ...options });
  const server = owned.use(Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, gateway));
  const url = `http://127.0.0.1:${server.addr.port}/hints`;
  const post = async (body: BodyInit, endpoint = "execute") => {
    const json = typeof body === "string" ? { "content-type": "application/json" } : undefined;
    const response = await fetch(`${url}/${endpoint}`, { method: "POST", body, headers: { authorization: `Bearer ${TOKEN}`, ...json } });
    const { code, detail = "" } = JSON.parse((await response.text()).split("\n")[0]!);
    return { status: response.status, code, detail: detail as string };
  };
  const stack = owned.move();
  return { url, post, scratchDir, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Arguments that are not what the hints say, and where. */
const WRONG: readonly (readonly [body: object, place: string])[] = [
  [{ kwargs: {} }, "audio"],
  [{ kwargs: { audio: "a.wav", language: 5 } }, '"$.language"'],
  [{ kwargs: { audio: "a.wav", model: "huge" } }, '"$.model"'],
  [{ kwargs: { audio: "a.wav", weight: "much" } }, '"$.weight"'],
  [{ kwargs: { audio: "a.wav", words: [{ text: "a", parts: [{ start: 1 }] }] } }, "words"],
  [{ args: ["a.wav"], kwargs: { audio: "a.wav" } }, '"$"'],
];

Deno.test("a gateway that checks arguments refuses those that a plugin's hints forbid, with their places, and calls it with all others", async () => {
  await using gateway = await served({ checkArguments: true });
  for (const [body, place] of WRONG) {
    const { status, code, detail } = await gateway.post(JSON.stringify(body));
    assertEquals([status, code], [400, "invalid_arguments"], JSON.stringify(body));
    assertStringIncludes(detail, place);
  }
  assertEquals((await gateway.post(JSON.stringify({ kwargs: { sound: 1 } }), "execute_stream")).code, "invalid_arguments");
  const right = { audio: "a.wav", language: null, words: [{ text: "a", parts: [{ text: "b" }] }], weight: 3 };
  assertEquals((await gateway.post(JSON.stringify({ kwargs: right }))).status, 200);
});

Deno.test("a gateway that checks arguments takes files for what they are, and keeps none of a call that it refuses", async () => {
  await using gateway = await served({ checkArguments: true });
  const form = new FormData();
  form.append("audio", new File(["RIFF"], "a.wav"));
  assertEquals((await gateway.post(form)).status, 200);
  form.append("words", '[{"start": 1}]');
  assertEquals((await gateway.post(form)).code, "invalid_arguments");
  await eventually(() => [...Deno.readDirSync(gateway.scratchDir)].length === 0, "no upload that is left");
  await using plugin = await RemotePluginProxy.attach({ url: gateway.url, token: TOKEN });
  await plugin.execute({ audio: new Uint8Array(100_000) });
  const error = await assertRejects(() => plugin.execute({ audio: new Uint8Array(100_000), model: "huge" }), CallError);
  assertEquals(error.code, "invalid_arguments");
  await plugin.execute({ audio: new Uint8Array(3) });
});

Deno.test("a gateway leaves it to the plugin what it takes, unless it is told to check", async () => {
  await using gateway = await served({});
  const { status } = await gateway.post(JSON.stringify({ kwargs: { audio: "a.wav", language: 5 } }));
  assertEquals(status, 200);
});
