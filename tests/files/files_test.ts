import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import {
  bytesFile,
  CallError,
  FileResult,
  imageFile,
  npyFile,
  PermissionDeniedError,
  PluginStateError,
  RemoteError,
  RemotePluginProxy,
  wavFile,
} from "@remote-plugin/proxy";
import { BOTH, type Face, fixtureManifest, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";
import { sharedFiles } from "../support/files.ts";
import { within } from "../support/guard.ts";

interface Described {
  readonly path: string;
  readonly size: number;
  readonly sha1: string;
  readonly mode: number;
}

async function sha1(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)).toHex();
}

function pattern(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => i % 256);
}

/** A started fixture, and a look at the files that its worker and this host have handed to each other. */
async function started(face: Face, scratchDir: string) {
  const plugin = await startFixture(face, "hands_over", { scratchDir });
  return { plugin, files: () => sharedFiles(scratchDir) };
}

for (const face of BOTH) {
  const label = face.worker;
  const python = face.worker === "python";

  // W24: files are removed, and may stand anywhere.
  Deno.test(`${label}: bytes, buffers, views, blobs and streams anywhere in the arguments become files, which end with the call`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await started(face, scratch.path);
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
    const { plugin, files } = await started(face, scratch.path);
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
    const { plugin, files } = await started(face, scratch.path);
    await plugin.initialize({ weights: pattern(10), model: "x" });
    const config = await plugin.getCurrentConfig();
    assertEquals([config.model, files().length], ["x", 1]);
    assertEquals(await Deno.readFile(config.weights as string), pattern(10));
    await plugin.cleanup();
    assertEquals(scratch.names(), []);
  });

  for (const size of [0, 3, 64 * 1024, 64 * 1024 + 1, 3_000_000]) {
    Deno.test(`${label}: ${size} bytes come back as a result whose file goes when it is disposed of`, async () => {
      await using scratch = await ScratchWatch.create();
      const { plugin, files } = await started(face, scratch.path);
      await using _plugin = plugin;
      const result = await plugin.execute<FileResult>({ action: "give", size });
      assert(result instanceof FileResult);
      assertEquals([result.size, result.mediaType, files().length], [size, "application/octet-stream", size > 64 * 1024 ? 1 : 0]);
      assertEquals(await result.bytes(), pattern(size));
      const parts = await Array.fromAsync(result.stream());
      assertEquals(await new Blob(parts).bytes(), pattern(size));
      assertEquals(await Deno.readFile(result.path), pattern(size));
      await result[Symbol.asyncDispose]();
      await result[Symbol.asyncDispose]();
      assertEquals(files(), []);
      await assertRejects(() => result.bytes(), PluginStateError, "disposed");
    });
  }

  const kinds = python ? ["bytearray", "memoryview", "strided", "words"] : ["buffer", "view", "blob", "stream"];
  for (const kind of kinds) {
    Deno.test(`${label}: a ${kind} comes back as its bytes`, async () => {
      await using scratch = await ScratchWatch.create();
      const { plugin } = await started(face, scratch.path);
      await using _plugin = plugin;
      await using result = await plugin.execute<FileResult>({ action: "give", kind, size: 100_000 });
      const expected = kind === "strided" ? pattern(200_000).filter((_, i) => i % 2 === 0) : pattern(100_000);
      assertEquals([result.size, result.mediaType], [100_000, kind === "blob" ? "image/png" : "application/octet-stream"]);
      assertEquals(await result.bytes(), expected);
    });
  }

  Deno.test(`${label}: a file-backed object as a result is handed over as its file`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await started(face, scratch.path);
    await using _plugin = plugin;
    {
      await using result = await plugin.execute<FileResult>({ action: "give", kind: "dto", size: 10 });
      assertEquals([result.mediaType, await result.bytes(), files().length], ["text/plain", pattern(10), 1]);
    }
    assertEquals(files(), []);
  });

  Deno.test(`${label}: files may stand anywhere in a result, beside NaN`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin } = await started(face, scratch.path);
    await using _plugin = plugin;
    const result = await plugin.execute<{ "a/b": [number, FileResult, number] }>({ action: "give", kind: "nested", size: 70_000 });
    assertEquals([result["a/b"][0], result["a/b"][2]], [1, NaN]);
    assertEquals(await result["a/b"][1].bytes(), pattern(70_000));
  });

  Deno.test(`${label}: chunks of a stream may be files; those that nobody takes are removed`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await started(face, scratch.path);
    await using _plugin = plugin;
    for await (const chunk of plugin.executeStream<FileResult>({ action: "give", size: 100_000, count: 5 })) {
      await using result = chunk;
      assertEquals(result.size, 100_000);
    }
    assertEquals(files(), []);
    for await (const chunk of plugin.executeStream<FileResult>({ action: "give", size: 100_000, count: 50 })) {
      await chunk[Symbol.asyncDispose]();
      break;
    }
    await plugin.execute(); // Its turn comes when the stream has really ended.
    assertEquals(files(), []);
  });

  Deno.test(`${label}: what is not disposed of goes with the plugin, and is then told of`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin } = await started(face, scratch.path);
    const result = await plugin.execute<FileResult>({ action: "give", size: 100_000 });
    const { path } = result;
    await plugin.cleanup();
    assertEquals(scratch.names(), []);
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    await assertRejects(() => result.bytes(), PluginStateError);
  });

  Deno.test(`${label}: a call that fails after it has written leaves nothing`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await started(face, scratch.path);
    await using _plugin = plugin;
    for (const action of ["fail_after_writing", "unsendable_after_file"]) {
      await assertRejects(() => plugin.execute({ action }, { args: [] }), RemoteError);
    }
    await plugin.execute({ data: pattern(10) });
    assertEquals(files(), []);
  });

  Deno.test(`${label}: a call that is aborted while its stream is read ends at once and leaves nothing`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await started(face, scratch.path);
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
    const { plugin, files } = await started(face, scratch.path);
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

  Deno.test(`${label}: values over the quota are refused, in both directions, and the plugin goes on`, async () => {
    await using scratch = await ScratchWatch.create();
    await using plugin = await startFixture(face, "hands_over", { scratchDir: scratch.path, scratchQuota: 250_000 });
    const error = await assertRejects(() => plugin.execute({ data: pattern(250_001) }), CallError);
    assertEquals(error.code, "no_room");
    assertStringIncludes(
      error.message,
      'the value at "$.kwargs.data" cannot become a file: 250001 bytes do not fit into the quota of 250000',
    );
    const stream = new Blob([pattern(200_000), pattern(60_000)]).stream();
    assertEquals((await assertRejects(() => plugin.execute({ stream }), CallError)).code, "no_room");
    const remote = await assertRejects(() => plugin.execute({ action: "give", size: 300_000 }), RemoteError);
    assertEquals([remote.category, remote.retriable], ["resource", true]);
    await using result = await plugin.execute<FileResult>({ action: "give", size: 200_000 });
    assertEquals(result.size, 200_000);
  });

  Deno.test(`${label}: an attached host that shares the folder uses files, another one gets the bytes inside the JSON`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await started(face, scratch.path);
    await using _plugin = plugin;
    {
      await using near = await RemotePluginProxy.attach(plugin.endpoint!);
      assertEquals((await near.execute<Record<string, Described>>({ data: pattern(9) })).data!.size, 9);
      const result = await near.execute<FileResult>({ action: "give", size: 100_000 });
      assertEquals([files().length, await result.bytes()], [1, pattern(100_000)]);
    }
    assertEquals(files(), []);
    const { url, token } = plugin.endpoint!;
    await using far = await RemotePluginProxy.attach({ url, token });
    const result = await far.execute<FileResult>({ action: "give", size: 100_000 });
    assertEquals([files(), await result.bytes()], [[], pattern(100_000)]);
    await assertRejects(() => far.execute({ data: pattern(9) }), PluginStateError, 'attach with "scratch"');
  });

  Deno.test(`${label}: the ready-made files are what they say`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin } = await started(face, scratch.path);
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

Deno.test("python: a path inside the call's scratch folder is handed over as a file, all else in it is removed", async () => {
  await using scratch = await ScratchWatch.create();
  const { plugin, files } = await started(BOTH[0]!, scratch.path);
  await using _plugin = plugin;
  {
    const { file, text, elsewhere } = await plugin.execute<{ file: FileResult; text: string; elsewhere: string }>({ action: "write" });
    await using result = file;
    await plugin.execute(); // The worker has cleaned up when it takes the next call.
    assertEquals([result.path, result.mediaType, new TextDecoder().decode(await result.bytes())], [text, "text/plain", "hello"]);
    assertEquals([typeof elsewhere, files()], ["string", [result.path]]);
  }
  assertEquals(files(), []);
});

Deno.test("a result is not mapped for a host without --allow-ffi, however small it is", async () => {
  await using plugin = await startFixture(BOTH[0]!, "hands_over");
  for (const size of [3, 100_000]) {
    await using result = await plugin.execute<FileResult>({ action: "give", size });
    const error = await assertRejects(() => result.map(), PermissionDeniedError);
    assertStringIncludes(error.message, "the host may not use FFI. Add --allow-ffi");
    assertEquals([error.missing, error.flags], [[{ name: "ffi" }], ["--allow-ffi"]]);
  }
});

Deno.test("deno: a typed array comes back as an array of numbers", async () => {
  await using plugin = await startFixture(BOTH[1]!, "hands_over");
  for (const size of [3, 100_000]) {
    await using result = await plugin.execute<FileResult>({ action: "give", kind: "floats", size });
    const { data, shape, dtype } = await result.array();
    assertEquals([shape, dtype, data[2], data.length], [[size], "<f4", 1, size]);
    assertEquals(result.mediaType, "application/x-npy");
  }
});

Deno.test("deno: a plugin gets its own scratch folder and no other file", async () => {
  await using plugin = await startFixture(BOTH[1]!, "hands_over");
  assertEquals(plugin.permissions, {});
  const error = await assertRejects(() => plugin.execute({ path: "/etc/hostname" }), RemoteError);
  assertMatch(error.remoteType, /NotCapable/);
  assertEquals((await fixtureManifest(BOTH[1]!, "hands_over")).permissions, undefined);
});
