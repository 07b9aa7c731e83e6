import { assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import {
  type FileResult,
  type Manifest,
  type PermissionPolicy,
  RemoteError,
  RemotePluginProxy,
  RemotePluginProxySync,
  requiredPermissions,
  WorkerExitError,
  WorkerStartError,
} from "@remote-plugin/proxy";
import { PluginManager } from "@remote-plugin/proxy/manager";
import { BOTH, fixtureManifest, foreignManifest, gone, isRunning, ScratchWatch, startFixture } from "../support/fixture_proxy.ts";
import { fixtureFolder } from "../support/fixtures.ts";
import { hostVariables } from "../support/host_variables.ts";
import { testPython } from "../support/python.ts";
import { killHost } from "../support/killed_host.ts";
import { runHost } from "../support/run_host.ts";

const PYTHON = BOTH[0]!;

const hasBubblewrap = await isBubblewrapThere();

async function isBubblewrapThere(): Promise<boolean> {
  try {
    return (await new Deno.Command("bwrap", { args: ["--ro-bind", "/", "/", "true"] }).output()).success;
  } catch {
    return false;
  }
}

/** What bounds a plugin, and whether it can be had here. */
const KEEPERS = [
  { keeper: "Landlock", bounded: {}, ignore: Deno.build.os !== "linux" },
  { keeper: "bubblewrap", bounded: { sandbox: "bubblewrap" }, ignore: !hasBubblewrap },
] as const;

/** A folder with a file that a plugin may read and one that it may not. */
async function folderOfTwo(scratch: ScratchWatch): Promise<AsyncDisposable & { path: string; open: string; shut: string }> {
  const path = await Deno.makeTempDir({ dir: scratch.path });
  const [open, shut] = [join(path, "open"), join(path, "shut")];
  for (const folder of [open, shut]) {
    await Deno.mkdir(folder);
    await Deno.writeTextFile(join(folder, "file"), "text");
  }
  return { path, open, shut, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => attempt, RemoteError);
  return error.remoteType;
}

for (const { keeper, bounded, ignore } of KEEPERS) {
  const test = (name: string, fn: () => Promise<void>) => Deno.test({ name: `python in ${keeper}: ${name}`, ignore, fn });

  test("a plugin may do what its manifest asks for as far as the policy allows, and no more", async () => {
    await using scratch = await ScratchWatch.create();
    await using folder = await folderOfTwo(scratch);
    using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [port, otherPort] = [server, other].map(({ addr }) => (addr as Deno.NetAddr).port);
    const permissions = { read: [folder.path], write: [folder.open], net: [`:${port}`, `:${otherPort}`], run: true } as const;
    const policy = { read: [folder.open], write: true, net: [`:${port}`] } as const;
    await using plugin = await startFixture(PYTHON, "reaches", { manifest: { permissions, ...bounded }, permissions: policy });
    assertEquals(plugin.permissions, { read: [folder.open], write: [folder.open], net: [`:${port}`] });
    assertEquals(await plugin.execute({ read: join(folder.open, "file") }), "text");
    assertEquals(await plugin.execute({ write: join(folder.open, "new") }), 7);
    assertEquals(await plugin.execute({ connect: port }), "done");
    const refused = ["FileNotFoundError", "PermissionError"];
    for (
      const attempt of [{ read: join(folder.shut, "file") }, { write: join(folder.shut, "new") }, { connect: otherPort }, {
        run: "/bin/true",
      }]
    ) {
      assertStringIncludes(refused.join(), await refusal(plugin.execute(attempt)));
    }
    assertEquals([...Deno.readDirSync(folder.shut)].length, 1);
  });

  test("big values go as files in both directions", async () => {
    await using plugin = await startFixture(PYTHON, "hands_over", { manifest: { permissions: {}, ...bounded } });
    const given = await plugin.execute<{ path: { size: number } }>({ action: "describe", path: new Uint8Array(300_000) });
    assertEquals(given.path.size, 300_000);
    const result = await plugin.execute<FileResult>({ action: "give", size: 300_000 });
    assertEquals((await result.bytes()).length, 300_000);
  });

  test("a plugin that kills itself ends with its signal, and nothing of it is left", async () => {
    await using scratch = await ScratchWatch.create();
    const manifest: Partial<Manifest> = { permissions: {}, ...bounded };
    await using plugin = await startFixture(PYTHON, "kills_itself", { manifest, scratchDir: scratch.path });
    assertEquals(await isRunning(plugin.pid!), true);
    const error = await assertRejects(() => plugin.execute(), WorkerExitError);
    assertEquals([error.signal, error.exitCode], ["SIGKILL", null]);
    assertEquals([scratch.names(), await isRunning(plugin.pid!)], [[], false]);
  });

  test("code that a package has Python run at each start is bounded as well", async () => {
    await using scratch = await ScratchWatch.create();
    const [environment, mark] = [join(scratch.path, "environment"), join(scratch.path, "mark")];
    await new Deno.Command(testPython(), { args: ["-m", "venv", "--without-pip", environment] }).output();
    const python_path = join(environment, "bin/python");
    const { stdout } = await new Deno.Command(python_path, { args: ["-c", "import site; print(site.getsitepackages()[0])"] }).output();
    const packages = new TextDecoder().decode(stdout).trim();
    await Deno.writeTextFile(
      join(packages, "starts.pth"),
      `import os; os.close(os.open(${JSON.stringify(mark)}, os.O_CREAT | os.O_WRONLY))\n`,
    );
    try {
      await using plugin = await startFixture(PYTHON, "echo", { manifest: { permissions: {}, python_path, ...bounded } });
      assertEquals(await plugin.execute(), { args: [], kwargs: {} });
      assertEquals(scratch.names(), ["environment"]);
    } finally {
      await Deno.remove(environment, { recursive: true });
    }
  });

  test("packages that a user has installed for himself are there, as they are without bounds", async () => {
    await using scratch = await ScratchWatch.create();
    const { stdout } = await new Deno.Command(testPython(), { args: ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"] }).output();
    const version = new TextDecoder().decode(stdout).trim();
    const packages = join(scratch.path, `home/.local/lib/python${version}/site-packages`);
    await Deno.mkdir(packages, { recursive: true });
    await Deno.writeTextFile(join(packages, "installed_by_user.py"), "VALUE = 7\n");
    using _ = hostVariables({ HOME: join(scratch.path, "home") });
    const expression = "__import__('installed_by_user').VALUE";
    for (const manifest of [{}, { permissions: {}, ...bounded }]) {
      await using plugin = await startFixture(PYTHON, "evaluates", { manifest });
      assertEquals(await plugin.execute({ expression }), 7);
    }
    await Deno.remove(join(scratch.path, "home"), { recursive: true });
  });

  test("a host runs with exactly the flags of requiredPermissions()", async () => {
    await using scratch = await ScratchWatch.create();
    const own = await Deno.makeTempDir({ dir: scratch.path });
    const manifest = { ...await fixtureManifest(PYTHON, "echo"), permissions: {}, ...bounded } as Manifest;
    const places = { scratchDir: scratch.path, socketPath: join(own, "own.sock") };
    const flags = (await requiredPermissions(manifest, places)).toFlags();
    const { code, stdout, stderr } = await runHost("calls_once", flags, [manifest, places, { n: 1 }]);
    assertEquals([code, stderr, JSON.parse(stdout).result], [0, "", { args: [], kwargs: { n: 1 } }]);
    await Deno.remove(own, { recursive: true });
  });
}

Deno.test("python: a host that requires bounds has a plugin do nothing whose manifest asks for nothing, alone and in a manager", async () => {
  await using scratch = await ScratchWatch.create();
  await using folder = await folderOfTwo(scratch);
  const manifest = { name: "reaches", ...await fixtureManifest(PYTHON, "reaches") };
  const options = { bounds: "required", permissions: { read: true } } as const;
  await using plugin = await RemotePluginProxy.start(manifest, options);
  await using manager = await PluginManager.create({ manifests: [manifest], ...options });
  assertEquals(plugin.permissions, {});
  for (const one of [plugin, manager.get("reaches")]) {
    assertEquals(await refusal(one.execute({ read: join(folder.open, "file") })), "PermissionError");
  }
});

Deno.test({
  name: "python: a plugin gets no more memory than its manifest says, and goes on",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using plugin = await startFixture(PYTHON, "fills_memory", { manifest: { resources: { max_memory_mb: 64 } } });
    for (let call = 0; call < 2; call++) {
      const error = await assertRejects(() => plugin.execute({ system: true }), RemoteError);
      assertEquals([error.remoteType, error.category], ["MemoryError", "resource"]);
    }
  },
});

for (const bounds of [undefined, "kernel"] as const) {
  Deno.test({
    name: `deno${bounds === undefined ? "" : ", held by the kernel"}: a plugin gets no more memory than its manifest says, and goes on`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const face = { ...PYTHON, worker: "deno" } as const;
      const manifest = { resources: { max_memory_mb: 100 } };
      await using free = await startFixture(face, "fills_memory", { bounds });
      assertEquals(await free.execute({ mebibytes: 300 }), 300 * 2 ** 20);
      await using plugin = await startFixture(face, "fills_memory", { bounds, manifest });
      for (let call = 0; call < 2; call++) {
        assertEquals(await plugin.execute({ mebibytes: 80 }), 80 * 2 ** 20);
        const error = await assertRejects(() => plugin.execute({ mebibytes: 300 }), RemoteError);
        assertEquals([error.remoteType, error.category], ["RangeError", "resource"]);
      }
      const end = await assertRejects(() => plugin.execute(), WorkerExitError);
      assertEquals(end.outOfMemory, true);
    },
  });
}

for (const bounds of [undefined, "kernel"] as const) {
  Deno.test({
    name: `deno${bounds === undefined ? "" : ", held by the kernel"}: a plugin gets no more processes than its manifest says, and goes on`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const most = 4;
      const face = { ...PYTHON, worker: "deno" } as const;
      const start = startFixture(face, "starts_children", { bounds, manifest: { resources: { max_processes: most } } });
      const unlimited = await start.then(() => undefined, (error: Error) => error);
      if (unlimited?.message.includes("no control group can be made")) return console.log("skipped: no control group can be made here");
      await using plugin = await start;
      for (let started = 0; started < most; started++) await plugin.execute();
      const error = await assertRejects(async () => {
        for (let started = most; started < 10 * most; started++) await plugin.execute();
      }, RemoteError);
      assertEquals([error.remoteType, error.category, error.retriable], ["WouldBlock", "transient", true]);
      assertEquals(await plugin.isAlive(), true);
    },
  });
}

Deno.test({
  name: "deno: a plugin whose memory nobody can limit is not started, and nothing is left of it",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using scratch = await ScratchWatch.create();
    using _ = hostVariables({ PATH: scratch.path });
    const options = { manifest: { resources: { max_memory_mb: 100 } }, scratchDir: scratch.path };
    const start = () => startFixture({ ...PYTHON, worker: "deno" }, "echo", options);
    const error = await assertRejects(start, WorkerStartError, '"python3" cannot limit its memory and processes');
    assertEquals([error.phase, scratch.names()], ["bounds", []]);
  },
});

Deno.test("python: a manifest cannot have the whole disk read by saying that its modules lie there, nor by a link", async () => {
  await using scratch = await ScratchWatch.create();
  const own = await Deno.makeTempDir({ dir: scratch.path });
  await new Deno.Command("ln", { args: ["-s", "/", join(own, "link")] }).output();
  await Deno.copyFile(join(fixtureFolder("reaches"), "plugin.py"), join(own, "plugin.py"));
  const manifest = join(own, "plugin.json");
  const start = async (plugin_path: string[], read?: string[]) => {
    const permissions = read === undefined ? {} : { read };
    await Deno.writeTextFile(
      manifest,
      JSON.stringify({ python_path: testPython(), module: "plugin", class: "Reaches", plugin_path, permissions }),
    );
    await using plugin = await RemotePluginProxy.start(manifest, { permissions: { read: ["/usr"] } });
    return await refusal(plugin.execute({ read: "/etc/shadow" }));
  };
  for (const path of ["/", "./link"]) {
    const error = await assertRejects(() => start([".", path]), WorkerStartError);
    assertEquals(error.phase, "bounds");
    assertStringIncludes(error.message, '"/" in "plugin_path" lies outside of the folder of its manifest, and it was not granted');
  }
  assertEquals(await start([".", "/usr/share"], ["/usr"]), "PermissionError");
  await Deno.remove(own, { recursive: true });
});

Deno.test("python: a worker that cannot keep bounds is not started where the host requires some", async () => {
  const error = await assertRejects(() => RemotePluginProxy.start(foreignManifest(), { bounds: "required" }), WorkerStartError);
  assertEquals(error.phase, "bounds");
  assertStringIncludes(error.message, 'the worker "old_worker" keeps none. Remove "worker" from its manifest');
});

Deno.test("python: a worker that says nothing of the bounds that it was told is not used", async () => {
  await using scratch = await ScratchWatch.create();
  const python_path = join(scratch.path, "python");
  await Deno.writeTextFile(python_path, `#!${testPython()}\n${CARELESS}`, { mode: 0o700 });
  const manifest = { python_path, module: "m", class: "C", permissions: {} };
  const error = await assertRejects(() => RemotePluginProxy.start(manifest, { scratchDir: scratch.path }), WorkerStartError);
  await Deno.remove(python_path);
  assertEquals([error.phase, error.message], [
    "bounds",
    'Cannot start "m": its worker says nothing of the bounds that it was told to keep',
  ]);
});

Deno.test({
  name: "python: a plugin that the kernel does not bind when it is asked to is not started, and none of its code runs",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using scratch = await ScratchWatch.create();
    const folder = await Deno.makeTempDir({ dir: scratch.path });
    const python_path = join(folder, "python");
    await Deno.writeTextFile(python_path, `#!${testPython()}\n${WITHOUT_RESTRICTION}`, { mode: 0o700 });
    await Deno.writeTextFile(join(folder, "leaves.py"), `open(${JSON.stringify(join(folder, "left"))}, "w")\nclass Leaves: pass\n`);
    const manifest = { python_path, module: "leaves", class: "Leaves", permissions: {}, plugin_path: folder };
    const options = { scratchDir: scratch.path, permissions: { read: [folder] } };
    const errors = [
      await assertRejects(() => RemotePluginProxy.start(manifest, options), WorkerStartError),
      assertThrows(() => RemotePluginProxySync.start(manifest, options), WorkerStartError),
    ];
    for (const error of errors) {
      assertEquals(error.phase, "bounds");
      assertMatch(
        error.message,
        /^Cannot start "leaves": The plugin cannot be held .*: the kernel \S+ refused the bounds: \[Errno 1\] Operation not/,
      );
    }
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).toSorted(), ["leaves.py", "python"]);
    await Deno.remove(folder, { recursive: true });
  },
});

/** Runs this Python with a kernel that makes sets of Landlock's rules, and puts none in force. */
const WITHOUT_RESTRICTION = `import ctypes, os, struct, sys
lines = [(0x20, 0, 0, 0), (0x15, 0, 1, 446), (0x06, 0, 0, 0x00050000 | 1), (0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
assert libc.prctl(22, 2, struct.pack("@HP", len(lines), ctypes.addressof(code)), 0, 0) == 0
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
`;

/** A worker of an earlier release, which passes over what it does not know. */
const CARELESS = `import json, sys
start = json.loads(sys.stdin.readline())
print(json.dumps({"protocol": 1, "address": start["listen"], "pid": 1, "worker": "careless", "features": []}), flush=True)
sys.stdin.read()
`;

Deno.test({
  name: "python in bubblewrap: a plugin that nobody could reach is not started, and one without bubblewrap is told of it",
  ignore: !hasBubblewrap,
  async fn() {
    const unreachable = { sandbox: "bubblewrap", transport: "tcp" } as const;
    const error = await assertRejects(() => startFixture(PYTHON, "echo", { manifest: unreachable }), WorkerStartError);
    assertEquals(error.phase, "bounds");
    assertStringIncludes(error.message, "can be reached by a unix socket alone");
    const manifest = { ...await fixtureManifest(PYTHON, "echo"), sandbox: "bubblewrap" };
    const { stdout } = await runHost("calls_once", ["--allow-all"], [manifest, {}, {}], { PATH: "/nowhere" });
    const { message } = JSON.parse(stdout);
    // The host's own PATH counts: a manifest could name a program of the plugin's.
    assertStringIncludes(message, 'there is no program "bwrap". Install bubblewrap, or remove "sandbox" from its manifest');
  },
});

Deno.test({
  name: "python in bubblewrap: each attempt to get out is refused, and what is outside is not to be seen",
  ignore: !hasBubblewrap,
  async fn() {
    await using scratch = await ScratchWatch.create();
    await using folder = await folderOfTwo(scratch);
    const unix = join(folder.shut, "socket");
    using _unix = Deno.listen({ transport: "unix", path: unix });
    using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    for (const name of ["secret", "removable", "movable"]) await Deno.writeTextFile(join(folder.shut, name), name);
    const manifest: Partial<Manifest> = { permissions: { read: [folder.open] }, sandbox: "bubblewrap" };
    await using plugin = await startFixture(PYTHON, "attempts", { manifest, scratchDir: scratch.path });
    const places = { outside: folder.shut, granted: folder.open, scratch: plugin.endpoint!.scratch!.disk };
    const outcomes = await plugin.execute<Record<string, string>>({ ...places, unix, host: Deno.pid, port: tcp.addr.port });
    assertEquals(Object.keys(outcomes).filter((attempt) => outcomes[attempt] === "through"), []);
    const unseen = ["read", "list", "write", "remove", "environment of the host", "signal to the host"];
    assertEquals(unseen.map((attempt) => outcomes[attempt]), [...unseen.slice(1).map(() => "ENOENT"), "ESRCH"]);
  },
});

Deno.test({
  name: "python in bubblewrap: the worker of a host that was killed ends, and the next host removes what no sandbox can",
  ignore: !hasBubblewrap,
  async fn() {
    await using scratch = await ScratchWatch.create();
    const manifest = { ...await fixtureManifest(PYTHON, "holds"), sandbox: "bubblewrap" } as Manifest;
    await gone(await killHost(manifest, { scratchDir: scratch.path }));
    await using _next = await startFixture(PYTHON, "echo", { scratchDir: scratch.path });
    assertEquals(scratch.names().length, 1);
  },
});

Deno.test("deno: a host is told what a plugin tries, and what it is refused", async () => {
  await using scratch = await ScratchWatch.create();
  await using folder = await folderOfTwo(scratch);
  const [open, shut] = [join(folder.open, "file"), join(folder.shut, "file")];
  const module = join(folder.path, "reads.ts");
  await Deno.writeTextFile(module, "export default { execute: ({ path }: { path: string }) => Deno.readTextFileSync(path) };\n");
  const uses: unknown[] = [];
  const manifest: Manifest = { runtime: "deno", module, permissions: { read: [folder.open] } };
  await using plugin = await RemotePluginProxy.start(manifest, { permissions: "requested", auditPermissions: (use) => uses.push(use) });
  await plugin.execute({ path: open });
  await plugin.execute({ path: open });
  await assertRejects(() => plugin.execute({ path: "/etc/hostname" }));
  await assertRejects(() => plugin.execute({ path: shut }));
  await plugin.cleanup();
  // What is refused in the folder of the plugin's own modules cannot be told from their imports.
  assertEquals(uses, [{ permission: "read", value: open, allowed: true }, { permission: "read", value: "/etc/hostname", allowed: false }]);
});

for (const { worker } of BOTH) {
  Deno.test(`${worker}, blocking: a host looks at what a plugin has tried, and what it was refused`, async () => {
    await using scratch = await ScratchWatch.create();
    await using folder = await folderOfTwo(scratch);
    const [open, shut] = [join(folder.open, "file"), join(folder.shut, "file")];
    await Deno.writeTextFile(join(folder.path, "reads.ts"), "export default { execute: ({ read }) => Deno.readTextFileSync(read) };\n");
    const permissions = { read: [folder.open] };
    const manifest: Manifest = worker === "deno"
      ? { runtime: "deno", module: join(folder.path, "reads.ts"), permissions }
      : { ...await fixtureManifest(PYTHON, "reaches"), permissions };
    const options = { permissions: "requested", scratchDir: scratch.path } as const;
    const tried = (audit: boolean) => {
      using plugin = RemotePluginProxySync.start(manifest, { ...options, audit });
      plugin.execute({ read: open });
      assertThrows(() => plugin.execute({ read: worker === "deno" ? "/etc/hostname" : shut }));
      plugin.cleanup();
      return [...plugin.permissionUses].map(({ value, allowed }) => [value, allowed]);
    };
    assertEquals(tried(true), [[open, true], [worker === "deno" ? "/etc/hostname" : shut, false]]);
    assertEquals(tried(false), []);
  });
}

Deno.test("python: variables of a manifest reach a bounded plugin, and not the process before it is bound", async () => {
  const env_vars = { LD_PRELOAD: "/nonexistent/code.so", GREETING: "hello" };
  await using plugin = await startFixture(PYTHON, "evaluates", { manifest: { permissions: {}, env_vars } });
  const seen = "[__import__('os').environ.get(name) for name in ('GREETING', 'LD_PRELOAD')]";
  assertEquals(await plugin.execute({ expression: seen }), ["hello", "/nonexistent/code.so"]);
  assertEquals(await plugin.execute({ expression: "b'LD_PRELOAD' in open('/proc/self/environ', 'rb').read()" }), false);
});

Deno.test("python: a bounded plugin gets of what it inherits what the policy names, also by a pattern, and says what it does not get", async () => {
  using _ = hostVariables({ BOUNDS_ONE: "1", BOUNDS_TWO: "2", SECRET_ONE: "3" });
  const expression = "sorted(name for name in __import__('os').environ if name.startswith(('BOUNDS_', 'SECRET_')))";
  const seen = async (inherit_env: true | string[], permissions: PermissionPolicy | undefined) => {
    await using plugin = await startFixture(PYTHON, "evaluates", { manifest: { permissions: {}, inherit_env }, permissions });
    return [await plugin.execute({ expression }), plugin.warnings.filter((warning) => warning.includes('"env"')).length];
  };
  assertEquals(await seen(["BOUNDS_ONE", "SECRET_ONE"], undefined), [[], 2]);
  assertEquals(await seen(["BOUNDS_ONE", "SECRET_ONE"], { env: ["BOUNDS_ONE"] }), [["BOUNDS_ONE"], 1]);
  assertEquals(await seen(true, { env: ["BOUNDS_*"] }), [["BOUNDS_ONE", "BOUNDS_TWO"], 1]);
  assertEquals(await seen(true, "requested"), [["BOUNDS_ONE", "BOUNDS_TWO", "SECRET_ONE"], 0]);
});

Deno.test("python: a link in a plugin's folder leads nowhere that the policy does not name", async () => {
  await using scratch = await ScratchWatch.create();
  await using folder = await folderOfTwo(scratch);
  const link = join(folder.open, "link");
  await new Deno.Command("ln", { args: ["-s", folder.shut, link] }).output();
  const manifest = { permissions: { read: [link, folder.open] } };
  const expression = `open(${JSON.stringify(join(link, "file"))}).read()`;
  await using free = await startFixture(PYTHON, "evaluates", { manifest });
  assertEquals(await free.execute({ expression }), "text");
  await using plugin = await startFixture(PYTHON, "evaluates", { manifest, permissions: { read: [folder.open] } });
  const error = await assertRejects(() => plugin.execute({ expression }), RemoteError);
  assertStringIncludes(error.message, `Add "${join(folder.shut, "file")}" to "read"`);
  assertEquals(await plugin.execute({ expression: `open(${JSON.stringify(join(folder.open, "file"))}).read()` }), "text");
});
