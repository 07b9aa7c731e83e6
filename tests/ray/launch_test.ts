import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { PluginError, type QueuedEvent, RemoteError, RemotePluginProxy, WorkerExitError, WorkerStartError } from "@remote-plugin/proxy";
import { ray } from "@remote-plugin/proxy/ray";
import { FakeRay, type FakeRayOptions } from "../support/fake_ray.ts";
import { gone } from "../support/fixture_proxy.ts";
import { eventually } from "../support/guard.ts";
import { type OnRay, rayManifest, startOnRay } from "../support/ray_plugins.ts";

const TOKEN = "of-the-cluster";

/** What the start of a fixture that cannot be started says. */
async function startFailure(fake: FakeRay, options: OnRay = {}, fixture = "echo"): Promise<WorkerStartError> {
  return await assertRejects(() => startOnRay({ dashboard: fake.dashboard, token: TOKEN }, fixture, options), WorkerStartError);
}

/** A cluster whose API answers one path otherwise. */
function answering(path: RegExp, answer: () => Response): FakeRayOptions {
  return { token: TOKEN, answer: (request, at) => path.test(`${request.method} ${at}`) ? answer() : undefined };
}

Deno.test("a worker is a job: it answers, tells where it is, and nothing of it is left", async () => {
  await using fake = await FakeRay.start({ token: TOKEN });
  const plugin = await startOnRay({ dashboard: fake.dashboard, token: TOKEN }, "evaluates");
  assertEquals(await plugin.execute({ expression: "1 + 1" }), 2);
  const [job] = fake.jobs;
  assertEquals(plugin.placement, { node: "127.0.0.1", job: job!.id });
  const [pid, folder] = await plugin.execute({ expression: "[os.getpid(), os.getppid()]", modules: ["os"] }) as number[];
  assertEquals(plugin.endpoint, undefined);
  await plugin.cleanup();
  await plugin.cleanup();
  assertEquals(await plugin.exited, { code: 0, signal: null, outOfMemory: false });
  assertEquals(fake.jobs, []);
  await gone(pid!);
  await gone(folder!);
});

Deno.test("a worker that ends when it is asked to is no job that failed, and one that ends by itself is", async () => {
  // What has ended can be looked at.
  await using fake = await FakeRay.start({ ...answering(/^DELETE/, () => new Response(null, { status: 404 })), token: undefined });
  const asked = await startOnRay(fake, "evaluates");
  await asked.cleanup();
  await using dies = await startOnRay(fake, "kills_itself");
  await assertRejects(() => dies.execute(), WorkerExitError);
  await eventually(() => fake.openJobs.length === 0, "the end of both");
  assertEquals(fake.jobs.map(({ status }) => status), ["SUCCEEDED", "FAILED"]);
});

Deno.test("what a cluster has is not uploaded again, and asked for before each start", async () => {
  await using fake = await FakeRay.start();
  for (const _ of [1, 2]) {
    await using _plugin = await startOnRay(fake, "echo");
  }
  const count = (what: string) => fake.requests.filter((request) => request.startsWith(`${what} /api/packages`)).length;
  assertEquals([count("PUT"), count("GET")], [2, 4]);
});

Deno.test("a plugin sees no variable of the cluster's and no GPU, and the job holds a hash alone", async () => {
  await using fake = await FakeRay.start();
  await using plugin = await startOnRay(fake, "evaluates", { manifest: { env_vars: { OWN: "mine" } } });
  const variables = await plugin.execute({ expression: "dict(os.environ)", modules: ["os"] }) as Record<string, string>;
  assertEquals(Object.keys(variables).filter((name) => /^(RAY|REMOTE_PLUGIN)_|^PYTHONPATH$/.test(name)), []);
  assertEquals([variables.OWN, variables.CUDA_VISIBLE_DEVICES], ["mine", ""]);
  const said = JSON.stringify(fake.jobs);
  const { REMOTE_PLUGIN_VERIFIER: verifier, ...others } = fake.jobs[0]!.request.runtime_env!.env_vars!;
  assertMatch(verifier!, /^[0-9a-f]{64}$/);
  assertEquals(Object.keys(others), ["REMOTE_PLUGIN_MARK", "REMOTE_PLUGIN_LEASE_S", "REMOTE_PLUGIN_PORTS"]);
  assert(!said.includes("mine"));
});

Deno.test("a plugin that asks for GPUs sees what Ray gave it", async () => {
  await using fake = await FakeRay.start();
  await using plugin = await startOnRay(fake, "evaluates", { ray: { resources: { gpus: 0.5 } } });
  assertEquals(await plugin.execute({ expression: "os.environ.get('CUDA_VISIBLE_DEVICES', 'unset')", modules: ["os"] }), "unset");
  assertEquals(fake.jobs[0]!.request, { ...fake.jobs[0]!.request, entrypoint_num_gpus: 0.5, entrypoint_num_cpus: 1 } as never);
});

Deno.test("a plugin is held to the memory that it asked for", async () => {
  await using fake = await FakeRay.start();
  await using plugin = await startOnRay(fake, "evaluates", { ray: { resources: { memory: 200 * 1024 * 1024 } } });
  const error = await assertRejects(() => plugin.execute({ expression: "len(bytearray(400 * 1024 * 1024))" }), PluginError);
  assert(error instanceof WorkerExitError ? error.outOfMemory : error instanceof RemoteError && error.remoteType === "MemoryError");
});

Deno.test("what a plugin prints arrives, and so does how its worker ended", async () => {
  await using fake = await FakeRay.start();
  await using plugin = await startOnRay(fake, "kills_itself");
  const lines: string[] = [];
  const reading = (async () => {
    for await (const { text } of plugin.logs) lines.push(text);
  })();
  const error = await assertRejects(() => plugin.execute(), WorkerExitError);
  assertEquals([error.signal, error.calls], ["SIGKILL", ["execute"]]);
  assertEquals(await plugin.exited, { code: null, signal: "SIGKILL", outOfMemory: false });
  await reading;
  await eventually(() => fake.jobs.length === 0, "the end of its job");
});

Deno.test("a plugin that cannot be loaded is told as on this machine", async () => {
  await using fake = await FakeRay.start();
  const error = await assertRejects(() => startOnRay(fake, "raises_at_import"), WorkerStartError);
  assertEquals(error.phase, "load");
  await eventually(() => fake.jobs.length === 0, "the end of its job");
});

Deno.test("a cluster that wants a token says so, and which option gives it", async () => {
  await using fake = await FakeRay.start({ token: TOKEN });
  const none = await startFailure(fake, { ray: { token: undefined } });
  assertStringIncludes(none.message, 'The cluster wants a token: give "token" to ray()');
  const wrong = await startFailure(fake, { ray: { token: "another" } });
  assertStringIncludes(wrong.message, 'Correct the "token" of ray()');
  assertEquals(fake.jobs, []);
});

Deno.test("a token is taken from a variable, a file or a function each time that it is needed", async () => {
  await using fake = await FakeRay.start({ token: TOKEN });
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, `${TOKEN}\n`);
  Deno.env.set("TEST_RAY_TOKEN", TOKEN);
  for (const token of [{ env: "TEST_RAY_TOKEN" }, { file }, () => TOKEN, () => Promise.resolve(TOKEN)]) {
    await using plugin = await startOnRay({ dashboard: fake.dashboard }, "echo", { ray: { token } });
    assertEquals(await plugin.isAlive(), true);
  }
  await Deno.remove(file);
  Deno.env.delete("TEST_RAY_TOKEN");
});

Deno.test("a redirect gets no token", async () => {
  const seen: (string | null)[] = [];
  await using thief = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ headers }) => {
    seen.push(headers.get("authorization"));
    return new Response();
  });
  const location = `http://127.0.0.1:${thief.addr.port}/`;
  await using fake = await FakeRay.start(answering(/version/, () => new Response(null, { status: 302, headers: { location } })));
  assertStringIncludes((await startFailure(fake)).message, `sends this host on to "${location}"`);
  assertEquals(seen, []);
});

Deno.test("a Ray that is too old, another program and nobody are told apart", async () => {
  await using old = await FakeRay.start({ token: TOKEN, version: "2.3.1" });
  assertStringIncludes((await startFailure(old)).message, "the cluster has Ray 2.3.1, and 2.10 or later is needed");
  await using other = await FakeRay.start(answering(/version/, () => new Response("<html>")));
  assertStringIncludes((await startFailure(other)).message, "is no dashboard of Ray's");
  const { dashboard } = other;
  await other[Symbol.asyncDispose]().catch(() => {});
  const error = await assertRejects(() => startOnRay({ dashboard, token: TOKEN }, "echo"), WorkerStartError);
  assertStringIncludes(error.message, `the dashboard ${dashboard} cannot be reached`);
});

Deno.test("a Ray of a version that nobody knows is tried", async () => {
  await using fake = await FakeRay.start({ version: "3.0.0.dev0" });
  await using plugin = await startOnRay(fake, "echo");
  assertEquals(await plugin.isAlive(), true);
});

for (
  const [errorType, phase, said] of [
    ["RUNTIME_ENV_SETUP_FAILURE", "environment", "its environment cannot be made on the node"],
    ["JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE", "admission", "no node of the cluster has what it asks for"],
    ["JOB_SUPERVISOR_ACTOR_DIED", "spawn", "its node was lost while it was started"],
    ["SOMETHING_NEW", "spawn", "its job ended as FAILED"],
  ] as const
) {
  Deno.test(`a job that fails with ${errorType} is an error of the phase "${phase}"`, async () => {
    await using fake = await FakeRay.start({ token: TOKEN, holdsJobs: true });
    const failing = startFailure(fake);
    await eventually(() => fake.jobs.length === 1, "the job");
    fake.fail(errorType, "because of this");
    const error = await failing;
    assertEquals(error.phase, phase);
    assertStringIncludes(error.message, said);
    assertStringIncludes(error.message, "because of this");
    assertEquals(fake.jobs, []);
  });
}

Deno.test("a start that waits says for what, and its time to start counts from its turn on", async () => {
  await using fake = await FakeRay.start({ holdsJobs: true });
  const told: QueuedEvent[] = [];
  const starting = startOnRay(fake, "echo", {
    manifest: { start_timeout_ms: 2_400 },
    ray: { resources: { cpus: 2, custom: { a100: 1 } } },
    onQueued: (event) => told.push(event),
  });
  await eventually(() => told.length > 0, "the event");
  assertEquals(told[0]!.reason, 'No node runs it yet; it asks for 2 CPU, 1 "a100"');
  assert(told[0]!.sinceMs > 2_400);
  fake.letGo();
  await using plugin = await starting;
  assertEquals(await plugin.isAlive(), true);
});

Deno.test("a start that waits for longer than it may is an error, and its job is ended", async () => {
  await using fake = await FakeRay.start({ token: TOKEN, holdsJobs: true });
  const error = await startFailure(fake, { ray: { queueMs: 300 } });
  assertEquals(error.phase, "admission");
  assertStringIncludes(error.message, "it waited for the cluster for longer than its limit of 300 ms. No node runs it yet; it asks for");
  assertEquals(fake.jobs, []);
});

Deno.test("a start that is given up while it waits leaves no job", async () => {
  await using fake = await FakeRay.start({ holdsJobs: true });
  const controller = new AbortController();
  const starting = startOnRay(fake, "echo", { signal: controller.signal });
  await eventually(() => fake.jobs.length === 1, "the job");
  controller.abort(new Error("not wanted any more"));
  await assertRejects(() => starting, Error, "not wanted any more");
  assertEquals(fake.jobs, []);
});

Deno.test("a request whose answer was lost is not handed in twice", async () => {
  let lost = 0;
  await using fake = await FakeRay.start({
    lose: (request, path) => request.method === "POST" && path === "/api/jobs/" && lost++ === 0,
  });
  await using plugin = await startOnRay(fake, "echo");
  assertEquals([await plugin.isAlive(), fake.jobs.length], [true, 1]);
});

Deno.test("jobs that killed hosts have left are forgotten, and nobody else's", async () => {
  await using fake = await FakeRay.start();
  const longAgo = Date.now() - 3_600_000;
  fake.remember("remote-plugin-left", longAgo);
  fake.remember("remote-plugin-recent", Date.now());
  fake.remember("somebody-elses", longAgo);
  await using plugin = await startOnRay(fake, "echo");
  await eventually(() => !fake.jobs.some(({ id }) => id === "remote-plugin-left"), "the end of what was left");
  assertEquals(fake.jobs.map(({ id }) => id).sort(), ["somebody-elses", "remote-plugin-recent", plugin.placement!.job].sort());
});

Deno.test("a cluster whose logs cannot be had says where to look", async () => {
  await using fake = await FakeRay.start(answering(/\/logs$/, () => new Response("Internal Server Error", { status: 500 })));
  const error = await startFailure(fake);
  assertStringIncludes(error.message, "at port 52365 by default");
  assertEquals(fake.jobs, []);
});

Deno.test("an agent that finds all its ports taken says so", async () => {
  await using fake = await FakeRay.start({ token: TOKEN });
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const error = await startFailure(fake, { ray: { ports: `${port}-${port}` } });
  assertStringIncludes(error.message, `its agent finds no free port in "${port}-${port}"`);
});

Deno.test("an agent listens at one of its ports", async () => {
  await using fake = await FakeRay.start();
  const ports: number[] = [];
  const reach = ({ hostname, port }: { hostname: string; port: number }) => {
    ports.push(port);
    return { hostname, port };
  };
  await using _plugin = await startOnRay(fake, "echo", { ray: { ports: "29100-29180", reach } });
  assert(ports.every((port) => port >= 29_100 && port <= 29_180), String(ports));
});

Deno.test("what cannot run on a node is refused before anything is asked", async () => {
  await using fake = await FakeRay.start();
  const launcher = ray({ dashboard: fake.dashboard });
  const python = await rayManifest("echo");
  for (
    const [manifest, said] of [
      [{ module: "./plugin.ts", runtime: "deno" }, "it is a Deno plugin"],
      [{ ...python, python_path: "/opt/env/bin/python" }, "which is an interpreter of this machine"],
      [{ ...python, worker: "cjm_plugin_system.core.worker" }, "a cluster runs the builtin one alone"],
      [{ ...python, sandbox: "bubblewrap" }, "have no bubblewrap"],
    ] as const
  ) {
    const error = await assertRejects(() => RemotePluginProxy.start(manifest, { launcher }), WorkerStartError);
    assertStringIncludes(error.message, said);
  }
  assertEquals(fake.requests, []);
});

Deno.test("links in a plugin's folder are followed, and lead neither in circles nor to nowhere", async () => {
  await using fake = await FakeRay.start();
  const folder = await Deno.makeTempDir({ prefix: "links-" });
  await Deno.mkdir(`${folder}/lib`);
  await Deno.writeTextFile(`${folder}/lib/helper.py`, "VALUE = 5\n");
  for (const [to, name] of [["lib", "again"], ["..", "lib/up"], ["nothing", "nowhere"], ["self", "self"]] as const) {
    await new Deno.Command("ln", { args: ["-s", to, `${folder}/${name}`] }).output();
  }
  const python = await rayManifest("evaluates");
  await using plugin = await startOnRay(fake, "evaluates", { manifest: { plugin_path: [python.plugin_path as string, folder] } });
  assertEquals(await plugin.execute({ expression: "helper.VALUE", modules: ["again.helper as helper"] }), 5);
  await Deno.remove(folder, { recursive: true });
});
