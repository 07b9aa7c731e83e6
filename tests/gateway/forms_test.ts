import { assertEquals, assertStringIncludes } from "@std/assert";
import { createGateway, type GatewayOptions } from "@remote-plugin/proxy/gateway";
import { eventually, within } from "../support/guard.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";

const TOKEN = "let-me-in";
const RECORDING = new Uint8Array(300_000).map((_, at) => at * 7);
const SHA1 = new Uint8Array(await crypto.subtle.digest("SHA-1", RECORDING)).toHex();

/** A gateway behind a real server, whose folder for uploads must be empty in the end. */
class Served implements AsyncDisposable {
  readonly watch: ManagerWatch;
  readonly folder: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(watch: ManagerWatch, folder: string, options: Partial<GatewayOptions>) {
    this.watch = watch;
    this.folder = folder;
    const gateway = createGateway(watch.manager, { token: TOKEN, scratchDir: folder, ...options });
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, gateway);
  }

  static async of(fixture: string, options: Partial<GatewayOptions> = {}): Promise<Served> {
    return new Served(await ManagerWatch.of(fixture), await Deno.makeTempDir(), options);
  }

  get port(): number {
    return this.#server.addr.port;
  }

  async post(path: string, body?: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
    const url = `http://127.0.0.1:${this.port}/${path}`;
    return await fetch(url, { method: "POST", body, headers: { authorization: `Bearer ${TOKEN}`, ...headers } });
  }

  async isEmpty(): Promise<void> {
    await eventually(() => [...Deno.readDirSync(this.folder)].length === 0, "no upload that is left");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await this.isEmpty();
    await this.watch[Symbol.asyncDispose]();
    await Deno.remove(this.folder);
  }
}

function form(fields: Readonly<Record<string, string | Blob | readonly (string | Blob)[]>>): FormData {
  const data = new FormData();
  for (const [name, given] of Object.entries(fields)) for (const one of [given].flat()) data.append(name, one as string);
  return data;
}

const audio = new File([RECORDING], "talk.wav", { type: "audio/wav" });

Deno.test("a form calls a plugin: its fields are arguments of the types that the plugin tells, its files are files", async () => {
  await using served = await Served.of("listens");
  const given = form({ audio, language: "5", beams: "5", loud: "true", tags: ["a", "b"], options: '{"a": 1}' });
  const reply = await served.post("listens/execute", given);
  assertEquals([reply.status, await reply.json()], [
    200,
    { size: 300_000, sha1: SHA1, extension: ".wav", language: "5", beams: 5, loud: true, tags: ["a", "b"], options: { a: 1 } },
  ]);
});

Deno.test("a body that is a file calls a plugin, with the other arguments in the URL", async () => {
  await using served = await Served.of("listens");
  const reply = await served.post("listens/execute?language=de&beams=2&tags=x", RECORDING, { "content-type": "audio/wav" });
  const { sha1, extension, language, beams, tags } = await reply.json();
  assertEquals([reply.status, sha1, extension, language, beams, tags], [200, SHA1, ".wav", "de", 2, ["x"]]);
});

Deno.test("a stream is called by a form with several files", async () => {
  await using served = await Served.of("listens");
  const more = [new File(["a"], "a.txt"), new File(["bc"], "b.txt")];
  const reply = await served.post("listens/execute_stream", form({ audio, more }));
  const lines = (await reply.text()).trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ size, extension }) => [size, extension]), [[300_000, ".wav"], [1, ".txt"], [2, ".txt"]]);
});

Deno.test("arguments in the URL count where the body does not name them, whatever the body is", async () => {
  await using served = await Served.of("typed");
  const cases: [string, BodyInit | undefined][] = [
    ["typed/execute?text=ab&times=2", undefined],
    ["typed/execute?text=no&times=2", '{"kwargs": {"text": "ab"}}'],
    ["typed/execute?times=2", form({ text: "ab" })],
  ];
  for (const [path, body] of cases) {
    const reply = await served.post(path, body);
    assertEquals([reply.status, await reply.json()], [200, "abab!"], path);
  }
});

Deno.test("arguments that cannot be meant are refused with what is wrong, and no plugin is called", async () => {
  await using served = await Served.of("listens");
  const cases: [string, BodyInit | undefined, Record<string, string>, number, string][] = [
    ["listens/execute", form({ audio, beams: "many" }), {}, 400, '"beams" must be a whole number or null, not "many"'],
    ["listens/execute", form({ audio, langage: "en" }), {}, 400, 'There is no argument "langage". The nearest name is "language"'],
    ["listens/execute?loud=5", RECORDING, { "content-type": "audio/wav" }, 400, '"loud" must be a boolean, not "5"'],
    [
      "listens/execute",
      RECORDING,
      { "content-type": "application/x-www-form-urlencoded" },
      400,
      "If it is a file, say so by its media type",
    ],
    [
      "listens/execute",
      "--x--",
      { "content-type": "multipart/form-data; boundary=y" },
      400,
      "The form ended before its last part did, or is none",
    ],
    ["listens/execute?beams=5", '{"kwargs": "ab"}', {}, 400, '"kwargs" in the body of "execute" must be an object'],
    ["listens/execute?beams=5", '{"kwargs": ["ab"]}', {}, 400, '"kwargs" in the body of "execute" must be an object'],
    ["listens/execute", form({ audio, beams: audio }), {}, 400, '"beams" must be a whole number or null, not a file'],
    ["listen/execute", RECORDING, { "content-type": "audio/wav" }, 404, 'There is no plugin "listen"'],
  ];
  for (const [path, body, headers, status, detail] of cases) {
    const reply = await served.post(path, body, headers);
    const problem = await reply.json();
    assertEquals(reply.status, status, detail);
    assertStringIncludes(problem.detail, detail);
  }
  assertEquals((await served.watch.manager.get("listens").getStats()).calls.finished, 0);
});

Deno.test("a body that is a file is refused where it is not known which argument that is", async () => {
  await using served = await Served.of("typed");
  const reply = await served.post("typed/execute", RECORDING, { "content-type": "audio/wav" });
  const { detail, code } = await reply.json();
  assertEquals([reply.status, code], [415, "unsupported_media_type"]);
  assertStringIncludes(detail, '"execute" of "typed" has no argument that says that it is a file');
});

Deno.test("more bytes of files than the gateway keeps are refused, also where the length is not told", async () => {
  await using served = await Served.of("listens", { limits: { fileBytes: 100_000 } });
  const told = await served.post("listens/execute", RECORDING, { "content-type": "audio/wav" });
  assertEquals([told.status, (await told.json()).code], [413, "body_too_long"]);
  const untold = await served.post("listens/execute", ReadableStream.from([RECORDING]), { "content-type": "audio/wav" });
  assertEquals([untold.status, (await untold.json()).code], [507, "no_room"]);
  await served.isEmpty();
  const small = await served.post("listens/execute", RECORDING.subarray(0, 90_000), { "content-type": "audio/wav" });
  assertEquals([small.status, (await small.json()).size], [200, 90_000]);
});

Deno.test("a client that goes away while it sends a file leaves none, and calls nothing", async () => {
  await using served = await Served.of("listens");
  assertEquals((await (await served.post("listens/execute", RECORDING, { "content-type": "audio/wav" })).json()).size, 300_000);
  await served.isEmpty();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: served.port });
  await connection.write(new TextEncoder().encode(`${headOf("audio/wav")}\r\n\r\nabc`));
  await eventually(() => [...Deno.readDirSync(served.folder)].length === 1, "an upload");
  connection.close();
  await served.isEmpty();
  assertEquals((await served.watch.manager.get("listens").getStats()).calls.finished, 1);
});

Deno.test("a client that sends its files too slowly is told so, and nothing of them is left", async () => {
  await using served = await Served.of("listens", { limits: { bodyMs: 200 } });
  const part = '--xyz\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n\r\nabc';
  for (const [mediaType, start] of [["audio/wav", "abc"], ["multipart/form-data; boundary=xyz", part]] as const) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: served.port });
    await connection.write(new TextEncoder().encode(`${headOf(mediaType)}\r\n\r\n${start}`));
    const answer = new Uint8Array(4096);
    const length = await within(connection.read(answer), "the answer") ?? 0;
    const text = new TextDecoder().decode(answer.subarray(0, length));
    assertStringIncludes(text, "HTTP/1.1 408");
    await served.isEmpty();
  }
});

function headOf(mediaType: string): string {
  const lines = ["POST /listens/execute HTTP/1.1", "host: localhost", `authorization: Bearer ${TOKEN}`, "content-length: 300000"];
  return [...lines, `content-type: ${mediaType}`].join("\r\n");
}
