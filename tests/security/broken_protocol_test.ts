import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  ProtocolError,
  RemoteError,
  RemotePluginProxy,
  RemotePluginProxySync,
  WorkerExitError,
  WorkerStartError,
} from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { type Answer, goodReply, LyingServer, LyingThread, says, scriptedManifest } from "../support/lying_worker.ts";
import { AwaitedProxy } from "../support/awaited_proxy.ts";
import { BOTH, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";

/** Runs a test with a folder for the program and another one in which nothing may remain. */
async function withFolders(test: (program: string, scratchDir: string) => Promise<void>): Promise<void> {
  const program = await Deno.makeTempDir({ prefix: "liar-" });
  try {
    await using scratch = await ScratchWatch.create();
    await test(program, scratch.path);
  } finally {
    await Deno.remove(program, { recursive: true });
  }
}

for (
  const [what, script, message] of [
    ["another host", says({ address: { tcp: "192.0.2.1:80" } }), 'listens at {"tcp":"192.0.2.1:80"}, where it was told'],
    ["a host that begins like loopback", says({ address: { tcp: "127.0.0.1.evil.example:80" } }), "where it was told"],
    ["a port that is none", says({ address: { tcp: "127.0.0.1:65536" } }), "where it was told"],
    ["no port", says({ address: { tcp: "127.0.0.1:0" } }), "where it was told"],
    ["a socket where TCP was asked for", says({ address: { unix: "/tmp/other.sock" } }), "where it was told"],
    ["both", says({ address: { unix: "/tmp/other.sock", tcp: "127.0.0.1:80" } }), "where it was told"],
    ["an address that is none", says({ address: "127.0.0.1:80" }), "names no address"],
    ["a group of processes", says({ pid: -1 }), "names no pid"],
    ["another version", says({ protocol: 2 }), "speaks version 2"],
    ["a version of a million digits", `printf '{"protocol": %0900000d1}\\n' 0`, "did not say hello"],
    ["an error that is none", says({ error: null }), "an error without"],
    ["more than a mebibyte in one line", "head -c 2000000 /dev/zero | tr '\\0' x", "more than 1 MiB"],
    ["line after line without an end", "yes", "more than 1 MiB"],
    ["byte after byte without an end", "while printf x; do sleep 0.01; done", "did not say hello within 1000 ms"],
  ] as const
) {
  Deno.test(`a program that says hello with ${what} is a WorkerStartError, and ended`, () =>
    withFolders(async (program, scratchDir) => {
      const start_timeout_ms = message.startsWith("did not say hello") ? 1_000 : 30_000;
      const manifest = { ...await scriptedManifest(program, script), start_timeout_ms };
      const error = await assertRejects(() => RemotePluginProxy.start(manifest, { scratchDir }), WorkerStartError);
      assertEquals(error.phase, "handshake");
      assertStringIncludes(error.message, message);
      assert(error.message.length < 1_000);
    }));
}

Deno.test("a worker that claims another socket than the one that it was given is a WorkerStartError", () =>
  withFolders(async (program, scratchDir) => {
    const manifest = { ...await scriptedManifest(program, says({ address: { unix: "/tmp/elsewhere.sock" } })), transport: "unix" as const };
    const error = await assertRejects(() => RemotePluginProxy.start(manifest, { scratchDir }), WorkerStartError);
    assertStringIncludes(error.message, "where it was told to listen");
  }));

const FRAMES = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.remote-plugin+ndjson\r\n";

const LIES: readonly (readonly [string, Answer])[] = [
  ["less than the length that it announced", `${FRAMES}Content-Length: 100\r\n\r\n{"result": 1}\n`],
  ["ten gigabytes in one frame", { head: `${FRAMES}Content-Length: 10000000000\r\n\r\n{"result": "`, piece: "x".repeat(1 << 20) }],
  ["a number that never ends", { head: `${FRAMES}Connection: close\r\n\r\n{"result": `, piece: "9".repeat(1 << 20) }],
  ["a reply of another kind", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"],
  ["a refusal without end", { head: "HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n", piece: "x".repeat(1 << 20) }],
  ["a way to somewhere else", "HTTP/1.1 307 Go\r\nLocation: /health\r\nContent-Length: 0\r\n\r\n"],
  ["two results", `${FRAMES}Connection: close\r\n\r\n{"result":1}\n{"result":2}\n`],
];

/** Both proxies are told the same lies, from a thread: while one of them blocks, nothing else runs in this one. */
for (const blocking of [false, true]) {
  for (const [what, answer] of LIES) {
    Deno.test(`${blocking ? "blocking: " : ""}a worker that sends ${what} is told of by a ProtocolError, and ended`, () =>
      withFolders(async (program, scratchDir) => {
        using server = await LyingThread.create();
        const manifest = await scriptedManifest(program, says({ address: server.address }));
        await using plugin = blocking
          ? new AwaitedProxy(RemotePluginProxySync.start(manifest, { scratchDir }))
          : await RemotePluginProxy.start(manifest, { scratchDir });
        await server.answer("execute", answer);
        const breach = await assertRejects(() => within(plugin.execute(), "an answer"), ProtocolError);
        // It ended well, by its lifeline; what it is told to be ended for is in the errors.
        const later = await assertRejects(() => plugin.execute(), WorkerExitError, "for it broke the protocol");
        assertEquals((later.cause as Error).message, breach.message);
        if (!blocking) assertEquals((await within(plugin.exited, "the end of the worker")).code, 0);
      }));
  }
}

for (const face of BOTH) {
  Deno.test(`${face.worker}: a result longer than a frame may be is the plugin's error, and no lie of the worker's`, async () => {
    await using plugin = await startFixture(face, "returns_much");
    const error = await assertRejects(() => plugin.execute({ length: 128 * 1024 * 1024 }), RemoteError, "longer than 134217728 bytes");
    assert(error.message.includes("return a large value as a file"));
    assertEquals(await plugin.execute({ length: 3 }), "xxx");
  });
}

Deno.test("a lie about its own state is one as well", () =>
  withFolders(async (program, scratchDir) => {
    await using server = new LyingServer();
    const manifest = await scriptedManifest(program, says({ address: server.address }));
    await using plugin = await RemotePluginProxy.start(manifest, { scratchDir });
    server.answers["stats"] = goodReply("all is well");
    await assertRejects(() => plugin.getStats(), ProtocolError, "no object");
    await assertRejects(() => plugin.execute(), WorkerExitError, "broke the protocol");
  }));

Deno.test("a worker that lies while it loads is a WorkerStartError, and ended", () =>
  withFolders(async (program, scratchDir) => {
    for (const answer of [goodReply([]), goodReply({ name: 1, version: 2 }), LIES[0]![1], LIES[3]![1]]) {
      await using server = new LyingServer();
      const manifest = await scriptedManifest(program, says({ address: server.address }));
      server.answers["ready"] = answer;
      const error = await assertRejects(() => RemotePluginProxy.start(manifest, { scratchDir }), WorkerStartError);
      assertEquals(error.phase, "load");
    }
  }));

Deno.test("a worker that lies is followed by another one where the manifest says so", () =>
  withFolders(async (program, scratchDir) => {
    await using server = new LyingServer();
    const manifest = { ...await scriptedManifest(program, says({ address: server.address })), restart: "on_failure" as const };
    const restarted = Promise.withResolvers<string>();
    await using plugin = await RemotePluginProxy.start(manifest, {
      scratchDir,
      onRestart: ({ cause }) => restarted.resolve(cause.message),
    });
    server.answers["execute"] = `${FRAMES}Content-Length: 3\r\n\r\n{}\n`;
    await assertRejects(() => plugin.execute(), ProtocolError);
    server.answers["execute"] = goodReply("the next one tells the truth");
    assertEquals(await within(plugin.execute(), "the next worker"), "the next one tells the truth");
    assertStringIncludes(await restarted.promise, "broke the protocol");
  }));
