import { assert, assertEquals } from "@std/assert";
import { errorBody } from "./error_body.ts";
import { errorLine } from "./frame_line.ts";
import { joinOrder, orderText, readFromThread, readOrder, splitOrder } from "./thread_messages.ts";

const ERROR = errorBody("plugin_error", new TypeError("no"));
const READY = { name: "a", version: "1", methods: ["execute"] };

Deno.test("what the plugin's thread says in our words is taken, and what it adds to them is not", () => {
  const said = [
    { kind: "ready", ready: READY },
    { kind: "unloadable", error: ERROR },
    { kind: "ending", error: ERROR },
    { kind: "progress", key: 1, progress: 0.5, message: "half" },
    { kind: "chunk", key: 1, line: { kind: "chunk", text: '{"chunk":1}' } },
    { kind: "last", key: 1, line: { kind: "result", text: '{"result":1}', files: ["/s/out-1/a"] } },
    { kind: "last", key: 1, line: errorLine(ERROR) },
  ];
  for (const message of said) assertEquals(readFromThread({ ...message, more: 1n }, "/s"), message as unknown);
});

Deno.test("what no worker's own code would say is passed over", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const said: unknown[] = [
    ...[undefined, null, 1, 1n, "ready", [], {}, { kind: "stray", pid: -1 }, { kind: "toString" }],
    ...[null, {}, { ...READY, name: 1n }, { ...READY, methods: [1] }, { ...READY, methods: new Array(2 ** 32 - 1) }].map((ready) => ({
      kind: "ready",
      ready,
    })),
    ...[null, cycle, { ...ERROR, type: cycle }].flatMap((error) => ["unloadable", "ending"].map((kind) => ({ kind, error }))),
    ...[1n, "1", NaN, Infinity, cycle].map((progress) => ({ kind: "progress", key: 1, progress, message: "" })),
    { kind: "progress", key: "1", progress: 1, message: "" },
    { kind: "progress", key: 1, progress: 1, message: cycle },
  ];
  for (const message of said) assertEquals(readFromThread(message, "/s"), undefined);
});

Deno.test("a call whose thread sends what is no frame of it ends with an error", () => {
  const lines = [
    undefined,
    { kind: "chunk", text: 1 },
    { kind: "chunk", text: '{"chunk":1}\n{"result":2}' },
    { kind: "chunk", text: '{"result":1}' },
    { kind: "chunk", text: '{"chunk":1}', files: [1] },
    { kind: "result", text: ' {"result":1}' },
    { kind: "result", text: '{"error":1}' },
    { kind: "error", text: "no JSON" },
    { kind: "error", text: '{"error":{"code":"plugin_error","type":"E","message":1,"traceback":""}}' },
    { kind: "error", text: '{"error":{"code":"bad_start","type":"E","message":"","traceback":""}}' },
  ];
  for (const kind of ["chunk", "last"]) {
    for (const line of lines) {
      const message = readFromThread({ kind, key: 7, line }, "/s");
      assert(message?.kind === "last", JSON.stringify(line));
      assertEquals([message.key, message.line.kind, JSON.parse(message.line.text).error.code], [7, "error", "bad_result"]);
    }
  }
});

Deno.test("a frame removes no file but those in the scratch folder", () => {
  const files = ["/s/out-1/a", "/s", "/s/../etc/passwd", "/s/a/../../b", "/sx/a", "/etc/passwd", "worker.sock", "/s\\..\\b"];
  const said = { kind: "chunk", key: 1, line: { kind: "chunk", text: '{"chunk":1}', files } };
  const kept = (scratch?: string) => {
    const message = readFromThread(said, scratch);
    return message?.kind === "chunk" ? message.line.files : undefined;
  };
  assertEquals([kept("/s"), kept()], [["/s/out-1/a", "/s"], []]);
});

Deno.test("a thread that waits is woken by a number that both threads share, and by nothing else", () => {
  const done = new Int32Array(new SharedArrayBuffer(4));
  assertEquals(readFromThread({ kind: "flush", done }), { kind: "flush", done });
  for (
    const wrong of [undefined, {}, new Int32Array(1), new Int32Array(new SharedArrayBuffer(0)), new Int8Array(new SharedArrayBuffer(4))]
  ) {
    assertEquals(readFromThread({ kind: "flush", done: wrong }), undefined);
  }
});

Deno.test("a thread asks of files in one call's folder of results, and of no others", () => {
  const read = (question: unknown, results?: string) => {
    const message = readFromThread({ kind: "files", key: 1, question }, results);
    return message?.kind === "files" ? message.question : "no message";
  };
  const [folder, path, to, kept] = ["/s/out-1", "/s/out-1/a", "/s/out-1/b", new Set(["/s/out-1/a"])];
  const questions = [
    { about: "bytes_in_use" },
    { about: "file", folder, path },
    { about: "copy", folder, path, to },
    { about: "leftovers", folder, kept },
  ];
  for (const question of questions) assertEquals(read({ ...question, more: 1n }, "/s"), question as unknown);
  const wrong = [
    ...[undefined, null, {}, { about: "file", folder }, { about: "leftovers", folder, kept: [path] }],
    ...["/s", "/etc", "/s/../etc", "/sx/out-1", 7].map((folder) => ({ about: "leftovers", folder, kept })),
    ...["/s/out-2/a", "/s/out-1/../out-2/a", "/etc/passwd", 7].flatMap((other) => [
      { about: "file", folder, path: other },
      { about: "copy", folder, path: other, to },
      { about: "copy", folder, path, to: other },
    ]),
  ];
  for (const question of wrong) assertEquals(read(question, "/s"), undefined);
  assertEquals(read(questions[1]), undefined);
});

Deno.test("an order is read as it was written, by the mailbox too, also one whose body came in several lines", () => {
  const order = { endpoint: "execute", body: { args: ["a\nb"], kwargs: {} }, callId: "c", files: "shared" } as const;
  for (const text of [undefined, '{\n  "args": ["a\\nb"],\n  "kwargs": {}\n}']) {
    const written = orderText(7, { ...order, text });
    for (const one of [written, splitOrder(joinOrder(written))]) assertEquals(readOrder(one), { kind: "run", key: 7, order });
  }
});
