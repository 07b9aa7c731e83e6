import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import {
  type FileMapping,
  type FileResult,
  PluginStateError,
  ProtocolError,
  RemotePluginProxy,
  requiredPermissions,
} from "@remote-plugin/proxy";
import { BOTH, fixtureManifest, startFixture } from "../support/fixture_proxy.ts";
import { pattern } from "../support/bytes.ts";
import { runHost } from "../support/run_host.ts";

const MIB = 1024 * 1024;

for (const face of BOTH) {
  for (const size of [0, 3, 100_000, 3 * MIB + 1]) {
    Deno.test(`${face.worker}: a result of ${size} bytes is mapped, and empty once the mapping has ended`, async () => {
      await using plugin = await startFixture(face, "hands_over");
      await using result = await plugin.execute<FileResult>({ action: "give", size });
      const mapping = await result.map();
      const { bytes } = mapping;
      const part = bytes.subarray(1, 3);
      assertEquals([bytes, part.length], [pattern(size), Math.min(2, Math.max(0, size - 1))]);
      mapping[Symbol.dispose]();
      mapping[Symbol.dispose]();
      assertEquals([bytes.length, part.length], [0, 0]);
      assertThrows(() => mapping.bytes, TypeError, "has been disposed of");
      assertThrows(() => mapping.array(), TypeError, "has been disposed of");
    });
  }

  Deno.test(`${face.worker}: what is written to a mapping does not reach the file`, async () => {
    await using plugin = await startFixture(face, "hands_over");
    await using result = await plugin.execute<FileResult>({ action: "give", size: 100_000 });
    using mapping = await result.map();
    mapping.bytes.fill(0);
    using other = await result.map();
    assertEquals([await result.bytes(), other.bytes], [pattern(100_000), pattern(100_000)]);
  });

  Deno.test(`${face.worker}: a mapping outlives its result and its plugin, whatever calls come after`, async () => {
    let mapping: FileMapping;
    {
      await using plugin = await startFixture(face, "hands_over");
      const result = await plugin.execute<FileResult>({ action: "give", size: 2 * MIB });
      mapping = await result.map();
      await result[Symbol.asyncDispose]();
      for (let i = 1; i < 4; i++) {
        await using next = await plugin.execute<FileResult>({ action: "give", size: 2 * MIB - i });
        using again = await next.map();
        assertEquals(again.bytes.length, 2 * MIB - i);
      }
      assertEquals(mapping.bytes, pattern(2 * MIB));
    }
    assertEquals(mapping.bytes, pattern(2 * MIB));
    mapping[Symbol.dispose]();
  });

  Deno.test(`${face.worker}: a thread that reads a mapping while it ends does no harm`, async () => {
    await using plugin = await startFixture(face, "hands_over");
    await using result = await plugin.execute<FileResult>({ action: "give", size: 16 * MIB });
    for (let i = 0; i < 5; i++) {
      const mapping = await result.map();
      const digest = crypto.subtle.digest("SHA-256", mapping.bytes);
      mapping[Symbol.dispose]();
      assertEquals((await digest).byteLength, 32);
    }
  });
}

Deno.test("deno: the numbers of a mapped array are the file's own pages", async () => {
  await using plugin = await startFixture(BOTH[1]!, "hands_over");
  await using result = await plugin.execute<FileResult>({ action: "give", kind: "floats", size: 100_000 });
  using mapping = await result.map();
  const { data, shape } = mapping.array();
  assertEquals([shape, data[2], data.buffer === mapping.bytes.buffer], [[100_000], 1, true]);
});

Deno.test("a result that has been disposed of is not mapped", async () => {
  await using plugin = await startFixture(BOTH[0]!, "hands_over");
  const result = await plugin.execute<FileResult>({ action: "give", size: 100_000 });
  await result[Symbol.asyncDispose]();
  await assertRejects(() => result.map(), PluginStateError, "disposed");
});

/** What a worker can put into the place of the file that it has named. */
const SWAPS: Readonly<Record<string, (path: string, secret: string) => Promise<unknown>>> = {
  "a symbolic link": (path, secret) => sh("ln", "-sf", secret, path),
  "a hard link": (path, secret) => sh("ln", "-f", secret, path),
  // The worker removes its call's folder when that is empty: so nothing is removed first.
  "a FIFO": async (path) => [await sh("mkfifo", `${path}.new`), await Deno.rename(`${path}.new`, path)],
  "a shorter file": (path) => Deno.truncate(path, 10),
  "another file": async (path, secret) => [await Deno.copyFile(secret, `${path}.new`), await Deno.rename(`${path}.new`, path)],
};

async function sh(program: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args }).output();
  assertEquals(success, true);
}

for (const [what, swap] of Object.entries(SWAPS)) {
  Deno.test(`a worker that puts ${what} into a result's place is a ProtocolError when it is mapped`, async () => {
    await using plugin = await startFixture(BOTH[0]!, "hands_over");
    const result = await plugin.execute<FileResult>({ action: "give", size: 100_000 });
    const folder = await Deno.makeTempDir();
    const secret = join(folder, "secret");
    await Deno.writeFile(secret, pattern(100_000));
    await swap(result.path, secret);
    await assertRejects(() => result.map(), ProtocolError);
    await assertRejects(() => result[Symbol.asyncDispose](), ProtocolError);
    assertEquals(await Deno.readFile(secret), pattern(100_000));
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("a host maps with exactly the flags that requiredPermissions() tells for it", async () => {
  const scratchDir = await Deno.makeTempDir();
  const manifest = await fixtureManifest({ worker: "python", transport: "tcp" }, "hands_over");
  const flags = (await requiredPermissions(manifest, { scratchDir, mapping: true })).toFlags();
  assertEquals(flags.filter((flag) => flag.startsWith("--allow-ffi")), ["--allow-ffi"]);
  const run = await runHost("maps_once", flags, [manifest, { scratchDir }, { action: "give", size: 100_000 }]);
  assertEquals(run, { code: 0, stdout: "[0,1,2]", stderr: "" });
  await Deno.remove(scratchDir);
});

Deno.test("an attached host maps what it is given", async () => {
  await using plugin = await startFixture(BOTH[0]!, "hands_over");
  await using near = await RemotePluginProxy.attach(plugin.endpoint!);
  await using result = await near.execute<FileResult>({ action: "give", size: 100_000 });
  using mapping = await result.map();
  assertEquals(mapping.bytes, pattern(100_000));
});
