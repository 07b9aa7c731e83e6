import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  bytesFile,
  CallError,
  FileResultSync,
  imageFile,
  npyFile,
  PluginStateError,
  RemotePluginProxySync,
  wavFile,
} from "@remote-plugin/proxy";
import { BOTH, type Face, ScratchWatch, startBlocking } from "../support/fixture_proxy.ts";
import { sharedFiles } from "../support/files.ts";
import type { Described } from "../support/handed_over.ts";
import { pattern, sha1 } from "../support/bytes.ts";
import { eventually } from "../support/guard.ts";

async function started(face: Face, scratchDir: string) {
  const plugin = await startBlocking(face, "hands_over", { scratchDir });
  return { plugin, files: () => sharedFiles(scratchDir) };
}

for (const face of BOTH) {
  const label = `${face.worker}, blocking`;

  Deno.test(`${label}: bytes, buffers, views and blobs anywhere in the arguments become files, which end with the call`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await started(face, scratch.path);
    using _plugin = plugin;
    const data = pattern(1000);
    const given = {
      bytes: data,
      buffer: data.buffer,
      view: new DataView(data.buffer, 10, 20),
      part: data.subarray(5, 7),
      numbers: new Float32Array(10).subarray(2, 4),
      blob: new Blob([data]),
      list: [1, NaN, { deep: new Uint8Array(0) }],
      text: "plain",
    };
    const seen = plugin.execute<Record<string, Described>>(given);
    assertEquals([seen.bytes!.sha1, seen.buffer!.sha1, seen.blob!.sha1], Array(3).fill(await sha1(data)));
    assertEquals([seen.view!.sha1, seen.part!.sha1], [await sha1(data.slice(10, 30)), await sha1(data.slice(5, 7))]);
    assertEquals([seen.numbers!.size, seen.text as unknown], [128 + 8, "plain"]);
    const [, nan, { deep }] = seen.list as unknown as [number, number, { deep: Described }];
    assertEquals([nan, deep.size, files(), data.length], [NaN, 0, [], 1000]);
  });

  Deno.test(`${label}: the ready-made files and the URL of a file are what they say`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin } = await started(face, scratch.path);
    using _plugin = plugin;
    const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0]);
    const seen = plugin.execute<Record<string, Described>>({
      film: bytesFile(pattern(50).subarray(5, 10), "mp4"),
      picture: imageFile(png),
      array: npyFile(new Float32Array(6), { shape: [2, 3] }),
      sound: wavFile([new Int16Array(10), new Int16Array(10)], { sampleRate: 8000 }),
    });
    const ends = Object.values(seen).map(({ path, size }) => [path.replace(/.*\./, ""), size]);
    assertEquals(ends, [["mp4", 5], ["png", 9], ["npy", 128 + 24], ["wav", 84]]);
    if (face.worker === "deno") return; // A Deno plugin without permissions may not read a file elsewhere.
    const url = new URL("../fixtures/plugins/hands_over/plugin.py", import.meta.url);
    assertEquals(plugin.execute<Record<string, Described>>({ source: url }).source!.size, (await Deno.stat(url)).size);
  });

  Deno.test(`${label}: what becomes a file by promises is refused with its place, and nothing is sent`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin } = await started(face, scratch.path);
    using _plugin = plugin;
    for (const value of [new Blob(["x"]).stream(), { toTempFile: () => Promise.resolve("/x") }, bytesFile(new Blob(["x"]), "txt")]) {
      const error = assertThrows(() => plugin.execute({ list: [value] }), CallError);
      assertEquals(error.code, "invalid_arguments");
      assertStringIncludes(error.message, 'the value at "$.kwargs.list[0]" becomes a file by promises');
    }
  });

  Deno.test(`${label}: a configuration may hold files, which stay until the plugin ends`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await started(face, scratch.path);
    plugin.initialize({ weights: pattern(10), model: "x" });
    const config = plugin.getCurrentConfig();
    assertEquals([config.model, files().length], ["x", 1]);
    assertEquals(Deno.readFileSync(config.weights as string), pattern(10));
    plugin.cleanup();
    assertEquals(scratch.names(), []);
  });

  for (const size of [0, 3, 3_000_000]) {
    Deno.test(`${label}: ${size} bytes come back as a result whose file goes when it is disposed of`, async () => {
      await using scratch = await ScratchWatch.create();
      const { plugin, files } = await started(face, scratch.path);
      using _plugin = plugin;
      const result = plugin.execute<FileResultSync>({ action: "give", size });
      assert(result instanceof FileResultSync);
      assertEquals([result.size, result.mediaType, files().length], [size, "application/octet-stream", size > 64 * 1024 ? 1 : 0]);
      assertEquals(result.bytes(), pattern(size));
      assertEquals(await new Blob([...result.stream()]).bytes(), pattern(size));
      for (const piece of result.stream()) {
        assertEquals(piece[0], size === 0 ? undefined : 0);
        break;
      }
      assertEquals(Deno.readFileSync(result.path), pattern(size));
      result[Symbol.dispose]();
      result[Symbol.dispose]();
      assertEquals(files(), []);
      for (const use of [() => result.bytes(), () => result.path, () => result.stream()]) assertThrows(use, PluginStateError, "disposed");
    });
  }

  Deno.test(`${label}: files may stand anywhere in a result, beside NaN`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin } = await started(face, scratch.path);
    using _plugin = plugin;
    const result = plugin.execute<{ "a/b": [number, FileResultSync, number] }>({ action: "give", kind: "nested", size: 70_000 });
    assertEquals([result["a/b"][0], result["a/b"][2]], [1, NaN]);
    assertEquals(result["a/b"][1].bytes(), pattern(70_000));
  });

  Deno.test(`${label}: chunks of a stream may be files; those that nobody takes are removed`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await started(face, scratch.path);
    using _plugin = plugin;
    for (const chunk of plugin.executeStream<FileResultSync>({ action: "give", size: 100_000, count: 40 })) {
      using result = chunk;
      assertEquals(result.size, 100_000);
    }
    assertEquals(files(), []);
    const taken: FileResultSync[] = [];
    for (const chunk of plugin.executeStream<FileResultSync>({ action: "give", size: 100_000, count: 50 })) {
      if (taken.push(chunk) === 3) break;
    }
    plugin.execute(); // Its turn comes when the stream has really ended.
    assertEquals(files().sort(), taken.map(({ path }) => path).sort());
  });

  Deno.test(`${label}: what is not disposed of goes with the plugin, and is then told of`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin } = await started(face, scratch.path);
    const result = plugin.execute<FileResultSync>({ action: "give", size: 100_000 });
    plugin.cleanup();
    assertEquals(scratch.names(), []);
    assertThrows(() => result.bytes(), PluginStateError, "cleaned up");
    result[Symbol.dispose]();
  });

  Deno.test(`${label}: an attached host that shares the folder uses files, another one gives and gets the bytes`, async () => {
    await using scratch = await ScratchWatch.create();
    const { plugin, files } = await started(face, scratch.path);
    using _plugin = plugin;
    {
      using near = RemotePluginProxySync.attach(plugin.endpoint!);
      assertEquals(near.execute<Record<string, Described>>({ data: pattern(9) }).data!.size, 9);
      const result = near.execute<FileResultSync>({ action: "give", size: 100_000 });
      assertEquals([files().length, result.bytes()], [1, pattern(100_000)]);
    }
    assertEquals(files(), []);
    const { url, token } = plugin.endpoint!;
    using far = RemotePluginProxySync.attach({ url, token });
    assertEquals(far.execute<FileResultSync>({ action: "give", size: 100_000 }).bytes(), pattern(100_000));
    assertEquals(far.execute<Record<string, Described>>({ data: pattern(9) }).data!.size, 9);
    await eventually(() => files().length === 0, "the end of the files");
  });
}

Deno.test("deno, blocking: a typed array comes back as an array of numbers", async () => {
  using plugin = await startBlocking(BOTH[1]!, "hands_over");
  using result = plugin.execute<FileResultSync>({ action: "give", kind: "floats", size: 100_000 });
  const { data, shape, dtype } = result.array();
  assertEquals([shape, dtype, data[2], data.length], [[100_000], "<f4", 1, 100_000]);
});
