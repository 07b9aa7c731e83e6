import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type FileResult, RemoteError } from "@remote-plugin/proxy";
import { sharedFiles } from "../support/files.ts";
import { BOTH, type Face, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";

const [PYTHON, DENO] = BOTH as [Face, Face];

/** What a plugin gives in the place of a file, and what it is told. */
const PATHS: readonly (readonly [string, string])[] = [
  ["folder", "is the path of a folder"],
  ["own_folder", "is the path of a folder"],
  ["link", "is the path of a link"],
  ["dangling", "is the path of a link"],
  ["behind_link", "is the path of a file behind a link"],
  ["fifo", "is the path of a fifo"],
  ["socket", "is the path of a socket"],
  ["missing", "which cannot be opened: [Errno 2]"],
  ["no_text", "is a path that is no text"],
  ["two_names", "is the path of a file with 2 names"],
];

const BACKED: readonly (readonly [string, string])[] = [
  ["folder", 'has a "to_temp_file" that gave the path of a folder'],
  ["link", 'has a "to_temp_file" that gave the path of a link'],
  ["dangling", 'has a "to_temp_file" that gave the path of a link'],
  ["fifo", 'has a "to_temp_file" that gave the path of a fifo'],
  ["missing", "which cannot be opened: [Errno 2]"],
  ["two_names", 'has a "to_temp_file" that gave the path of a file with 2 names'],
  ["device", 'has a "to_temp_file" that gave the path of a device'],
  ["number", 'has a "to_temp_file" that gave no path, but a value of type "int"'],
];

const BACKED_BY_DENO: readonly (readonly [string, string])[] = [
  ["folder", 'has a "toTempFile" that gave the path of a folder'],
  ["missing", "which cannot be opened: NotFound"],
  ["two_names", 'has a "toTempFile" that gave the path of a file with 2 names'],
  ["device", "which cannot be opened: NotCapable"],
  ["outside", "which cannot be opened: NotCapable"],
  ["number", 'has a "toTempFile" that gave no path, but a value of type "number"'],
];

const CASES = [
  ...PATHS.map(([what, told]) => ({ face: PYTHON, way: "a path", kwargs: { what }, told })),
  ...BACKED.map(([what, told]) => ({ face: PYTHON, way: "a file-backed object", kwargs: { what, backed: true }, told })),
  ...BACKED_BY_DENO.map(([what, told]) => ({ face: DENO, way: "a file-backed object", kwargs: { what }, told })),
];

for (const { face, way, kwargs, told } of CASES) {
  Deno.test(`${face.worker}: ${way} that is no file (${kwargs.what}) is told to the caller with its place, and the worker goes on`, async () => {
    await using scratch = await ScratchWatch.create();
    // A Deno plugin gives a file a second name only where it may read its results, as no plugin may by itself.
    const manifest = face === DENO && kwargs.what === "two_names" ? { permissions: { read: [scratch.path] } } : {};
    await using plugin = await startFixture(face, "gives_no_file", { scratchDir: scratch.path, manifest });
    const { pid } = plugin;
    const error = await assertRejects(() => plugin.execute(kwargs), RemoteError);
    assertStringIncludes(error.remoteMessage, 'The result at "$.deep[0]" ');
    assertStringIncludes(error.remoteMessage, told);
    assertEquals([error.category, error.retriable], ["fatal", false]);
    assertEquals([await plugin.execute(), plugin.pid, sharedFiles(scratch.path)], ["fine", pid, []]);
  });
}

for (const face of BOTH) {
  for (const size of [10, 100_000]) {
    Deno.test(`${face.worker}: a file of ${size} bytes that is given twice is two results, one of which stays when the other is disposed of`, async () => {
      await using scratch = await ScratchWatch.create();
      await using plugin = await startFixture(face, "gives_twice", { scratchDir: scratch.path });
      const chunks = await Array.fromAsync(plugin.executeStream<FileResult>({ size }));
      for (const [first, second] of [await plugin.execute<FileResult[]>({ size }), chunks]) {
        await first![Symbol.asyncDispose]();
        assertEquals((await second!.bytes()).length, size);
        await second![Symbol.asyncDispose]();
      }
      assertEquals(sharedFiles(scratch.path), []);
    });
  }
}
