import { assert, assertEquals, assertInstanceOf, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import {
  type Manifest,
  RemoteError,
  RemotePluginProxy,
  requiredPermissions,
  type WorkerExit,
  WorkerExitError,
  WorkerStartError,
} from "@remote-plugin/proxy";
import { inMemoryWorker } from "@remote-plugin/proxy/testing";
import { fromFileUrl } from "@std/path";
import { within } from "../support/guard.ts";
import { hostArguments, hostProgram } from "../support/run_host.ts";
import { median, summary } from "../support/summary.ts";
import { Witness } from "../support/witness.ts";
import {
  BOTH,
  type Face,
  fixtureManifest,
  type FixtureOptions,
  gone,
  isRunning,
  ScratchWatch,
  startFixture,
} from "../support/fixture_proxy.ts";
import { testPython } from "../support/python.ts";
import { PrintedLines } from "../support/printed_lines.ts";

const WAYS = ["exit", "kill", "crash"] as const;

/** How a process that dies in a certain way has ended. A Deno plugin that exits ends its thread alone, and this host then ends the process. */
const ENDS = {
  python: { exit: [7, null], kill: [null, "SIGKILL"], crash: [null, "SIGSEGV"] },
  deno: { exit: undefined, kill: [null, "SIGKILL"], crash: [null, "SIGABRT"] },
} as const;

interface Death {
  readonly face: Face;
  readonly way: typeof WAYS[number];
  readonly place: string;
}

async function startMortal({ face, way, place }: Death, options: FixtureOptions & { witness: Witness }): Promise<RemotePluginProxy> {
  const env_vars = { DIES_AT: place, DIES_BY: way, WITNESS: options.witness.address };
  return await startFixture(face, "dies", { ...options, manifest: { env_vars } });
}

const CALLS: Readonly<Record<string, (plugin: RemotePluginProxy) => Promise<unknown>>> = {
  initialize: (plugin) => plugin.initialize(),
  execute: (plugin) => plugin.execute(),
  executeStream: (plugin) => Array.fromAsync(plugin.executeStream()),
};

/** Has a worker die in a call, and looks at what its caller is told. Gives how long that took, in milliseconds. */
async function dieInCall(death: Death): Promise<number> {
  await using witness = new Witness();
  await using scratch = await ScratchWatch.create();
  const { face, way, place } = death;
  const plugin = await startMortal(death, { witness, scratchDir: scratch.path });
  const error = await assertRejects(() => CALLS[place]!(plugin), WorkerExitError);
  const toldAt = performance.now();
  const end = ENDS[face.worker][way];
  if (end === undefined) assertInstanceOf(error.cause, RemoteError);
  else assertEquals([error.exitCode, error.signal], [...end]);
  assertEquals(error.calls, [place]);
  assertStringIncludes(error.output, "the last words");
  if (face.worker === "python" && way === "crash") {
    assertStringIncludes(error.output, "Fatal Python error: Segmentation fault");
    assertStringIncludes(error.output, 'plugin.py", line');
  }
  await assertRejects(() => plugin.execute(), WorkerExitError);
  await plugin.exited;
  await plugin.cleanup();
  return Math.max(0, toldAt - await witness.end("plugin"));
}

for (const face of BOTH) {
  const label = face.worker;

  // W15: of a stream as of a call, each time, and as what it was.
  Deno.test(`${label}: whatever a worker dies of in a call, its caller is told within 100 ms how, what it printed and what it ran`, async () => {
    const times: number[] = [];
    for (const way of WAYS) {
      for (const place of Object.keys(CALLS)) times.push(await dieInCall({ face, way, place }));
    }
    console.log(summary(times));
    assertLess(median(times), 100);
  });

  for (const way of WAYS) {
    Deno.test(`${label}: a plugin that dies by ${way} while it is loaded is a WorkerStartError, and nothing remains`, async () => {
      await using witness = new Witness();
      await using scratch = await ScratchWatch.create();
      const start = () => startMortal({ face, way, place: "load" }, { witness, scratchDir: scratch.path });
      const error = await assertRejects(start, WorkerStartError);
      assertEquals(error.phase, "load");
      assertStringIncludes(error.output, "the last words");
    });

    Deno.test(`${label}: a plugin that dies by ${way} in its cleanup() is let go of all the same, and nothing remains`, async () => {
      await using witness = new Witness();
      await using scratch = await ScratchWatch.create();
      const plugin = await startMortal({ face, way, place: "cleanup" }, { witness, scratchDir: scratch.path });
      await plugin.cleanup();
      await witness.end("plugin");
    });
  }
}

/** Runs a host that loses its worker, kills the worker, and waits for the host's end. Gives the pid of the program that the plugin had started. */
async function loseWorker(manifest: Manifest, flags: readonly string[], scratchDir: string): Promise<number> {
  const args = [...hostArguments(), ...flags, hostProgram("loses_worker")];
  // A host with narrow permissions cannot pass on what it may not read.
  const env_vars = { PATH: Deno.env.get("PATH") ?? "/usr/bin" };
  const plan = [{ ...manifest, env_vars }, { permissions: "requested", scratchDir }].map((part) => JSON.stringify(part));
  const host = new Deno.Command(Deno.execPath(), { args: [...args, ...plan], stdin: "null", stdout: "piped" }).spawn();
  const printed = new PrintedLines(host.stdout);
  const [worker, program] = JSON.parse(await printed.next("the processes of its worker and its program"));
  Deno.kill(worker, "SIGKILL");
  assertEquals((await within(host.status, "the end of the host")).code, 0);
  await printed.cancel();
  return program;
}

for (const face of BOTH) {
  for (const reach of ["that may run everything", "with narrow permissions"] as const) {
    Deno.test(`${face.worker}: a host ${reach} leaves nothing of a worker that is killed, nor of what its plugin had started`, async () => {
      await using scratch = await ScratchWatch.create();
      const manifest = await fixtureManifest({ ...face, transport: "tcp" }, "starts_children");
      const narrow = (await requiredPermissions(manifest, { scratchDir: scratch.path })).toFlags();
      const flags = reach === "with narrow permissions"
        ? narrow
        : ["--allow-run", ...narrow.filter((flag) => !flag.startsWith("--allow-run"))];
      await gone(await loseWorker(manifest, flags, scratch.path));
    });
  }
}

Deno.test("deno: a program that has escaped from its worker, with a pipe of its in hands, does not keep the host alive", async () => {
  await using scratch = await ScratchWatch.create();
  const manifest = await fixtureManifest({ worker: "deno", transport: "tcp" }, "lets_escape");
  const flags = (await requiredPermissions(manifest, { scratchDir: scratch.path })).toFlags();
  const program = await loseWorker(manifest, flags, scratch.path);
  assertEquals(await isRunning(program), true);
  Deno.kill(program, "SIGKILL");
  await gone(program);
});

/** A worker in memory that dies in a stream, whose connection somebody holds open: it goes on with these chunks. */
async function dieInStream(chunks: (signal: AbortSignal) => AsyncIterable<{ chunk: number }>): Promise<number[]> {
  const death = Promise.withResolvers<WorkerExit>();
  const dropped = Promise.withResolvers<void>();
  const { exchange } = inMemoryWorker({ execute: () => null });
  async function* stream(signal: AbortSignal): AsyncGenerator<{ chunk: number }> {
    signal.addEventListener("abort", () => dropped.resolve(), { once: true });
    yield* chunks(signal);
    await dropped.promise;
    throw signal.reason;
  }
  await using plugin = await RemotePluginProxy.attach({
    exchange: (request, signal) => request.endpoint === "execute_stream" ? stream(signal) : exchange(request, signal),
    exited: death.promise,
  });
  const seen: number[] = [];
  const reading = async () => {
    for await (const chunk of plugin.executeStream<number>()) {
      seen.push(chunk);
      death.resolve({ code: null, signal: "SIGKILL", outOfMemory: false });
    }
  };
  await assertRejects(reading, WorkerExitError, "SIGKILL");
  await within(dropped.promise, "the end of the connection");
  return seen;
}

Deno.test("a connection that somebody holds open after its worker's death holds up no call, and what had come on it arrives", async () => {
  const seen = await dieInStream(async function* () {
    for (let chunk = 0; chunk < 100; chunk++) yield { chunk };
  });
  assertEquals(seen, Array.from({ length: 100 }, (_, chunk) => chunk));
});

Deno.test("a connection that goes on for ever after its worker's death is dropped", async () => {
  const seen = await dieInStream(async function* (signal) {
    for (let chunk = 0; !signal.aborted; chunk++) {
      yield { chunk };
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  });
  assert(seen.length > 0);
});

Deno.test("python: more memory than the process may have is the plugin's own MemoryError, and the worker goes on", async () => {
  await using plugin = await startFixture({ worker: "python", transport: "unix" }, "fills_memory");
  const error = await assertRejects(() => plugin.execute(), RemoteError);
  assertEquals([error.remoteType, error.category], ["MemoryError", "resource"]);
  assertEquals(await plugin.isAlive(), true);
});

Deno.test("deno: a worker that fills its memory ends with a WorkerExitError that says so", async () => {
  await using plugin = await startFixture({ worker: "deno", transport: "unix" }, "fills_memory");
  const error = await assertRejects(() => plugin.execute(), WorkerExitError, "for want of memory");
  assertEquals(error.outOfMemory, true);
});

const GROUP = fromFileUrl(new URL("../support/in_memory_group.py", import.meta.url));

/** Why no control group can be made here, if so. */
function noMemoryGroup(): string | undefined {
  if (Deno.build.os !== "linux" || testPython() === "") return "it takes Linux and Python";
  const { code, stdout } = new Deno.Command(testPython(), { args: [GROUP, "--can"], stderr: "null" }).outputSync();
  return code === 0 ? undefined : new TextDecoder().decode(stdout).trim();
}

const groupless = noMemoryGroup();
if (groupless !== undefined) console.log(`No worker is killed for want of memory by the system: ${groupless}`);

for (const face of BOTH) {
  const name = `${face.worker}: a worker that the system kills for want of memory ends with a WorkerExitError that says so`;
  Deno.test({ name, ignore: groupless !== undefined }, async () => {
    const memory = String(500 * 2 ** 20);
    const host = [Deno.execPath(), ...hostArguments(), "--allow-all", hostProgram("runs_out_of_memory")];
    const plan = [await fixtureManifest(face, "fills_memory"), { system: true }].map((part) => JSON.stringify(part));
    const { code, stdout, stderr } = await new Deno.Command(testPython(), { args: [GROUP, memory, ...host, ...plan] }).output();
    const [told, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals([code, told, complaint], [0, '{"signal":"SIGKILL","outOfMemory":true,"calls":["execute"]}\n', ""]);
  });
}

/** What the supervisor of a Python worker sees when a system counts the processes that were killed for want of memory in one of its ways. */
const COUNTERS: readonly (readonly [what: string, path: string, groups: string])[] = [
  ["the unified control groups", "sys/fs/cgroup/a/b/memory.events", "0::/a/b\n"],
  ["a container whose group is its root", "sys/fs/cgroup/memory.events", "0::/a/b\n"],
  ["the control groups of old", "sys/fs/cgroup/memory/a/memory.oom_control", "4:memory:/a\n0::/\n"],
  ["the whole system", "proc/vmstat", ""],
];

for (const [what, path, groups] of COUNTERS) {
  Deno.test(`python: the count of ${what} tells an end for want of memory`, async () => {
    const root = await Deno.makeTempDir();
    try {
      for (const folder of [path.replace(/\/[^/]*$/, ""), "proc/self"]) await Deno.mkdir(`${root}/${folder}`, { recursive: true });
      await Deno.writeTextFile(`${root}/proc/self/cgroup`, groups);
      await Deno.writeTextFile(`${root}/${path}`, "oom 1\noom_kill 3\n");
      const script = [
        "import sys; sys.path.insert(0, sys.argv[1]); from remote_plugin_worker.memory_watch import MemoryWatch",
        "watch = MemoryWatch(sys.argv[2])",
        "print(watch.somebody_was_killed())",
        "open(sys.argv[3], 'w').write('oom 1\\noom_kill 4\\n')",
        "print(watch.somebody_was_killed())",
      ].join("\n");
      const worker = fromFileUrl(new URL("../../src/worker/python/", import.meta.url));
      const { stdout } = await new Deno.Command(testPython(), { args: ["-B", "-c", script, worker, root, `${root}/${path}`] }).output();
      assertEquals(new TextDecoder().decode(stdout), "False\nTrue\n");
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}
