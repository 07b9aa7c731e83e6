import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { bytesFile, CallError, imageFile, npyFile, RemoteError, wavFile } from "@remote-plugin/proxy";
import { BOTH, fixtureManifest, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";
import { within } from "../support/guard.ts";
import { type Described, startHandsOver } from "../support/handed_over.ts";
import { pattern, sha1 } from "../support/bytes.ts";

for (const face of BOTH) {
  const label = face.worker;
  const python = face.worker === "python";

  // W24: files are removed, and may stand anywhere.
  Deno.test(`${label}: bytes, buffers, views, blobs and streams anywhere in the arguments become files, which end with the call`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await startHandsOver(face, scratch.path);
    await using _plugin = plugin;
    const data = pattern(1000);
    const given = {
      bytes: data,
      buffer: data.buffer,
      view: new DataView(data.buffer, 10, 20),
      part: data.subarray(5, 7),
      blob: new Blob([data]),
      file: new File([data], "song.mp3"),
      stream: new Blob([data, data]).stream(),
      list: [1, { deep: new Uint8Array(0) }],
      text: "plain",
    };
    const seen = await plugin.execute<Record<string, Described>>(given);
    assertEquals([seen.bytes!.size, seen.bytes!.sha1, seen.bytes!.mode], [1000, await sha1(data), 0o600]);
    assertEquals([seen.buffer!.sha1, seen.blob!.sha1, seen.file!.sha1], [seen.bytes!.sha1, seen.bytes!.sha1, seen.bytes!.sha1]);
    assertEquals([seen.view!.sha1, seen.part!.sha1], [await sha1(data.slice(10, 30)), await sha1(data.slice(5, 7))]);
    assertEquals([seen.stream!.size, seen.file!.path.endsWith(".mp3"), seen.text as unknown], [2000, true, "plain"]);
    assertEquals((seen.list as unknown as { deep: Described }[])[1]!.deep.size, 0);
    assertEquals(files(), []);
    assertEquals(given.bytes, data, "the caller's own object is not changed");
  });

  Deno.test(`${label}: an object with toTempFile becomes the path that it gives, and a file URL the path of its file`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await startHandsOver(face, scratch.path);
    await using _plugin = plugin;
    class Note {
      async toTempFile(dir: string): Promise<string> {
        await Deno.writeTextFile(`${dir}/note.txt`, "noted");
        return `${dir}/note.txt`;
      }
    }
    const seen = await plugin.execute<Record<string, Described>>({ note: new Note() });
    assertEquals([seen.note!.size, seen.note!.path.endsWith("note.txt")], [5, true]);
    assertEquals(files(), []);
    if (!python) return; // A Deno plugin without permissions may not read a file elsewhere.
    const url = new URL("../fixtures/plugins/hands_over/plugin.py", import.meta.url);
    const own = await plugin.execute<Record<string, Described>>({ source: url });
    assertEquals(own.source!.size, (await Deno.stat(url)).size);
    assert((await Deno.stat(url)).isFile, "a file that is not ours stays");
  });

  Deno.test(`${label}: a configuration may hold files, which stay until the plugin ends`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await startHandsOver(face, scratch.path);
    await plugin.initialize({ weights: pattern(10), model: "x" });
    const config = await plugin.getCurrentConfig();
    assertEquals([config.model, files().length], ["x", 1]);
    assertEquals(await Deno.readFile(config.weights as string), pattern(10));
    await plugin.cleanup();
    assertEquals(scratch.names(), []);
  });

  Deno.test(`${label}: a call that is aborted while its stream is read ends at once and leaves nothing`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await startHandsOver(face, scratch.path);
    await using _plugin = plugin;
    const abort = new AbortController();
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(pattern(10)),
      pull: () => (abort.abort(new Error("enough")), new Promise(() => {})),
    });
    await assertRejects(() => plugin.execute({ endless }, { signal: abort.signal }), Error, "enough");
    await plugin.execute();
    assertEquals(files(), []);
  });

  Deno.test(`${label}: an upload whose client leaves in the middle fails as an input, and the plugin goes on`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await startHandsOver(face, scratch.path);
    await using _plugin = plugin;
    const outcome = Promise.withResolvers<unknown>();
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ body }) => {
      await plugin.execute({ upload: body }).then(outcome.resolve, outcome.resolve);
      return new Response();
    });
    const client = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    await client.write(new TextEncoder().encode("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nthe first bytes"));
    client.close();
    const error = await within(outcome.promise, "the end of the call");
    assert(error instanceof CallError);
    assertEquals([error.code, error.cause instanceof Error], ["input_failed", true]);
    assertStringIncludes(error.message, 'the value at "$.kwargs.upload" failed before all of it was read');
    await plugin.execute();
    assertEquals(files(), []);
  });

  Deno.test(`${label}: an object whose toTempFile fails is an input that failed, and one that gives no path a wrong argument`, async () => {
    await using scratch = await ScratchWatch.create();
    await using plugin = await startFixture(face, "hands_over", { scratchDir: scratch.path });
    const cause = new Error("the disk is on fire");
    const failing = { toTempFile: () => Promise.reject(cause) };
    const failed = await assertRejects(() => plugin.execute({ failing }), CallError);
    assertEquals([failed.code, failed.cause], ["input_failed", cause]);
    const pathless = { toTempFile: () => Promise.resolve(5 as unknown as string) };
    assertEquals((await assertRejects(() => plugin.execute({ pathless }), CallError)).code, "invalid_arguments");
    const numbers = new ReadableStream({ start: (controller) => controller.enqueue(5) });
    assertEquals((await assertRejects(() => plugin.execute({ numbers }), CallError)).code, "invalid_arguments");
  });

  Deno.test(`${label}: the ready-made files are what they say`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin } = await startHandsOver(face, scratch.path);
    await using _plugin = plugin;
    const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0]);
    const jpeg = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0]);
    const seen = await plugin.execute<Record<string, Described>>({
      film: bytesFile(pattern(5), "mp4"),
      picture: imageFile(png),
      photo: imageFile(jpeg),
      array: npyFile(new Float32Array(6), { shape: [2, 3] }),
      plainArray: new Float64Array(4),
      sound: wavFile([new Int16Array(10), new Int16Array(10)], { sampleRate: 8000 }),
    });
    const ends = Object.values(seen).map(({ path, size }) => [path.replace(/.*\./, ""), size]);
    assertEquals(ends, [["mp4", 5], ["png", 9], ["jpg", 6], ["npy", 128 + 24], ["npy", 128 + 32], ["wav", 84]]);
  });
}

Deno.test("deno: a plugin gets its own scratch folder and no other file", async () => {
  await using plugin = await startFixture(BOTH[1]!, "hands_over");
  assertEquals(plugin.permissions, {});
  const error = await assertRejects(() => plugin.execute({ path: "/etc/hostname" }), RemoteError);
  assertMatch(error.remoteType, /NotCapable/);
  assertEquals((await fixtureManifest(BOTH[1]!, "hands_over")).permissions, undefined);
});
