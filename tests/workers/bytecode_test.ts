import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { type FixtureOptions, startFixture } from "../support/fixture_proxy.ts";
import { testPython } from "../support/python.ts";

/** A user's folder for what can be made again, and what the workers of a test keep there. */
class Cache implements AsyncDisposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "cache-" });
  readonly folder: string = join(this.path, "remote-plugin");

  names(): string[] {
    return [...Deno.readDirSync(this.folder)].map(({ name }) => name);
  }

  /** The one file that is kept. */
  file(): string {
    const names = this.names();
    assertEquals(names.length, 1, `kept are ${names}`);
    return join(this.folder, names[0]!);
  }

  /** Starts a worker that keeps its bytecode here, calls it, and ends it. */
  async run(place: Record<string, string> = { XDG_CACHE_HOME: this.path }): Promise<void> {
    const options: FixtureOptions = { manifest: { env_vars: place } };
    await using plugin = await startFixture({ worker: "python", transport: "unix" }, "echo", options);
    assertEquals(await plugin.execute({ value: 1 }), { args: [], kwargs: { value: 1 } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

const isPosix = Deno.build.os !== "windows";

Deno.test({
  name: "python: the bytecode of the worker is kept for its user alone, and used again",
  ignore: !isPosix,
  async fn() {
    await using cache = new Cache();
    await cache.run();
    const { mode, mtime } = await Deno.stat(cache.file());
    assertEquals([mode! & 0o777, (await Deno.stat(cache.folder)).mode! & 0o777], [0o600, 0o700]);
    await cache.run();
    assertEquals((await Deno.stat(cache.file())).mtime, mtime);
  },
});

Deno.test({
  name: "python: bytecode that is not whole is made again, and keeps no worker from its start",
  ignore: !isPosix,
  async fn() {
    await using cache = new Cache();
    await cache.run();
    const whole = await Deno.readFile(cache.file());
    const [broken, cut] = [whole.slice(), whole.subarray(0, 1000)];
    broken[whole.length >> 1]! ^= 1;
    for (const bytes of [broken, cut, new Uint8Array(0), new Uint8Array(whole.length)]) {
      await Deno.writeFile(cache.file(), bytes);
      await cache.run();
      assertEquals((await Deno.readFile(cache.file())).length, whole.length);
    }
  },
});

Deno.test({
  name: "python: workers that start at once keep one whole file",
  ignore: !isPosix,
  async fn() {
    await using cache = new Cache();
    await Promise.all([cache.run(), cache.run(), cache.run()]);
    const { mtime } = await Deno.stat(cache.file());
    await cache.run();
    assertEquals((await Deno.stat(cache.file())).mtime, mtime);
  },
});

Deno.test({
  name: "python: what is kept for another release goes when nobody has used it for long, and nothing else does",
  ignore: !isPosix,
  async fn() {
    await using cache = new Cache();
    await cache.run();
    const kept = await Deno.readFile(cache.file());
    const names = ["worker-of-another-release", "worker-notes.txt", "worker-new"];
    for (const [at, name] of names.entries()) await Deno.writeFile(join(cache.folder, name), at === 1 ? new Uint8Array(9) : kept);
    for (const name of [...cache.names()].filter((name) => name !== "worker-new")) await Deno.utime(join(cache.folder, name), 0, 0);
    await Deno.writeFile(join(cache.folder, cache.names().find((name) => name.endsWith(".pyc"))!), new Uint8Array(9));
    await cache.run();
    assertEquals(cache.names().filter((name) => !name.endsWith(".pyc")).sort(), ["worker-new", "worker-notes.txt"]);
  },
});

/** Tells whether the filters that are kept are those that their module makes, and how many there are. */
const COMPARE = `
import marshal, os, sys
sys.path.insert(0, sys.argv[1])
import start
from remote_plugin_worker import filters
codes = marshal.loads(open(sys.argv[2], "rb").read()[start.START :])
kept = {}
exec(marshal.loads(codes["filters"]), kept)
print(kept["PROGRAMS"] == filters.PROGRAMS, kept["CALLS"] == filters.CALLS, "Filter" in kept)
`;

Deno.test({
  name: "python: the filters of a bound worker are kept as they are made, and not made again",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using cache = new Cache();
    await cache.run();
    const args = ["-B", "-c", COMPARE, fromFileUrl(new URL("../../src/worker/python/", import.meta.url)), cache.file()];
    const { stdout, stderr } = await new Deno.Command(testPython(), { args }).output();
    assertEquals(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr), "True True False\n");
  },
});

Deno.test("python: a worker that can keep nothing, or is told to keep nothing, starts all the same", async () => {
  await using cache = new Cache();
  const file = join(cache.path, "file");
  await Deno.writeTextFile(file, "");
  await cache.run({ XDG_CACHE_HOME: join(file, "below") });
  await cache.run({ XDG_CACHE_HOME: cache.path, PYTHONDONTWRITEBYTECODE: "1" });
  assertEquals([...Deno.readDirSync(cache.path)].map(({ name }) => name), ["file"]);
});

/** Each of these makes kept bytecode into something that must not be run. */
const UNTRUSTED: Readonly<Record<string, string>> = {
  "others may write to": "os.chmod(path, 0o620)",
  "is in a folder that others may write to": "os.chmod(os.path.dirname(path), 0o777)",
  "is a link": "os.rename(path, path + '.real'); os.symlink(path + '.real', path)",
  "is in a folder that is a link": "folder = os.path.dirname(path); os.rename(folder, folder + '2'); os.symlink(folder + '2', folder)",
  "is a pipe": "os.unlink(path); os.mkfifo(path, 0o600)",
  "is another user's": "os.geteuid = lambda: 4711",
  "another interpreter has made": "sys.version += ' of another build'",
  "another machine has made, in a home that both have": "import types; os.uname = lambda: types.SimpleNamespace(machine='sparc64')",
};

for (const [what, change] of Object.entries(UNTRUSTED)) {
  Deno.test({
    name: `python: bytecode that ${what} is not run`,
    ignore: !isPosix,
    async fn() {
      await using cache = new Cache();
      const script = [
        "import os, sys; sys.path.insert(0, sys.argv[1]); import compiling, start",
        "bytecode = start.Bytecode('source'); compiling.keep(bytecode, compile('1', 'one', 'eval'))",
        "path = bytecode.path; print(eval(start.Bytecode('source').load()))",
        change,
        "print(start.Bytecode('source').load(), start.Bytecode('another source').load())",
      ].join("\n");
      const args = ["-B", "-c", script, fromFileUrl(new URL("../../src/worker/python/", import.meta.url))];
      const env = { XDG_CACHE_HOME: cache.path };
      const { stdout, stderr } = await new Deno.Command(testPython(), { args, env }).output();
      assertEquals(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr), "1\nNone None\n");
    },
  });
}
