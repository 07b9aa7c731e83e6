import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RemoteError, WorkerExitError } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { BOTH_WIRES, type Face, gone, isRunning, labelOf, startFixture } from "../support/fixture_proxy.ts";

const DENO_FACES: readonly Face[] = BOTH_WIRES.filter(({ worker }) => worker === "deno");

/** Lines that would be two frames, or none, or another one than their message says. */
const LINES = [
  null,
  { kind: "chunk", text: '{"chunk":1}\n{"result":"forged"}' },
  { kind: "chunk", text: '{"result":"forged"}' },
  { kind: "result", text: '{"result":"forged"}\n{"result":"forged again"}' },
  { kind: "result", text: "no JSON" },
  { kind: "error", text: "no JSON" },
  { kind: "error", text: '{"error":{"code":7}}' },
  { kind: "progress", text: '{"result":"forged"}' },
];

/** Those of the calls of one worker. */
const KEYS = Array.from({ length: 2 * 2 * LINES.length + 4 }, (_, index) => index);

/** What no code of the worker would say. */
const FORGED = [
  null,
  7,
  "$bigint",
  "$cycle",
  { kind: "ready", ready: null },
  { kind: "ready", ready: { name: "$bigint", version: "1", methods: "$cycle" } },
  ...["unloadable", "ending"].flatMap((kind) => [null, 7, "$cycle", { type: "PluginExit" }].map((error) => ({ kind, error }))),
  ...KEYS.flatMap((key) => ["$bigint", "$cycle", "1"].map((progress) => ({ kind: "progress", key, progress, message: "$cycle" }))),
];

for (const face of DENO_FACES) {
  Deno.test(`${labelOf(face)}: a plugin that forges its worker's words changes neither its own answer nor the next ones`, async () => {
    await using plugin = await startFixture(face, "forges");
    const pid = plugin.pid;
    for (const answer of ["one", "two", "three"]) assertEquals(await plugin.execute({ messages: FORGED, answer }), answer);
    assertEquals(await Array.fromAsync(plugin.executeStream({ messages: FORGED, answer: "four" })), ["four"]);
    assertEquals([(await plugin.getStats()).pid, plugin.name, await plugin.isAlive()], [pid, "forges", true]);
  });

  Deno.test(`${labelOf(face)}: a call whose plugin forges its frames fails, and the next one has its own answer`, async () => {
    await using plugin = await startFixture(face, "forges");
    const pid = plugin.pid;
    for (const kind of ["chunk", "last"]) {
      for (const line of LINES) {
        const messages = KEYS.map((key) => ({ kind, key, line }));
        const error = await assertRejects(() => plugin.execute({ messages, answer: "own" }), RemoteError);
        assertStringIncludes(error.message, "no frame");
        assertEquals(await plugin.execute({ messages: [], answer: "own" }), "own");
      }
    }
    assertEquals((await plugin.getStats()).pid, pid);
  });

  Deno.test(`${labelOf(face)}: a plugin that writes into the memory between the threads may lose its own answer, and the next ones come`, async () => {
    await using plugin = await startFixture(face, "forges");
    const pid = plugin.pid;
    for (const scribbles of [[[0, 7]], [[0, 2 ** 30]], [[0, -1]], [[1, 12_345], [0, 12_345]]]) {
      // Where there seems to be no room, the answer comes as a message.
      const outcome = await plugin.execute({ messages: [], answer: "own", scribbles }).catch((error: unknown) => error);
      assertEquals(outcome === "own" || outcome instanceof RemoteError && outcome.message.includes("no frame"), true, String(outcome));
      assertEquals(await plugin.execute({ messages: [], answer: "next" }), "next");
      for (let n = 0; n < 3; n++) assertEquals(await Array.fromAsync(plugin.executeStream({ messages: [], answer: n })), [n]);
    }
    assertEquals((await plugin.getStats()).pid, pid);
  });

  Deno.test(`${labelOf(face)}: a plugin that says that it has ended stays ended, and its calls with it`, async () => {
    const plugin = await startFixture(face, "forges");
    const error = { code: "plugin_exit", type: "PluginExit", message: "bye", traceback: "" };
    const ready = { name: "risen", version: "1", methods: ["execute"] };
    const messages = [{ kind: "ending", error }, { kind: "ready", ready }];
    await assertRejects(() => within(plugin.execute({ messages, answer: 1 }), "the end of the call"), WorkerExitError);
    await assertRejects(() => within(plugin.execute({ messages: [], answer: 1 }), "the end of the next call"), WorkerExitError);
    await plugin.cleanup();
  });
}

Deno.test("deno: a plugin cannot have its worker end a process that it has not started", async () => {
  const victim = new Deno.Command("sleep", { args: ["3600"], detached: true }).spawn();
  try {
    const plugin = await startFixture(DENO_FACES[0]!, "forges");
    const pids = [victim.pid, -victim.pid, -1, 0, 1, "1", null];
    const messages = pids.map((pid) => ({ kind: "stray", pid, isRunning: true }));
    assertEquals(await plugin.execute({ messages, answer: "said" }), "said");
    await plugin.cleanup();
    await plugin.exited;
    assertEquals(await isRunning(victim.pid), true);
  } finally {
    victim.kill("SIGKILL");
    await victim.status;
    await gone(victim.pid);
  }
});
