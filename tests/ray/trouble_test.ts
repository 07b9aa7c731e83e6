import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { WorkerStartError } from "@remote-plugin/proxy";
import type { RayOptions } from "@remote-plugin/proxy/ray";
import { FakeRay } from "../support/fake_ray.ts";
import { eventually, within } from "../support/guard.ts";
import { PrintedLines } from "../support/printed_lines.ts";
import { type OnRay, rayManifest, startOnRay } from "../support/ray_plugins.ts";
import { runHost, spawnHost } from "../support/run_host.ts";

/** A dashboard that does not answer may hold a start up for so long. The machine may be busy. */
const SOON_MS = 20_000;

/** What the start of a plugin that cannot be started says. */
async function startFailure(fake: FakeRay, options: OnRay): Promise<WorkerStartError> {
  return await within(assertRejects(() => startOnRay(fake, "evaluates", options), WorkerStartError), "the end of the start", SOON_MS);
}

/** A cluster that gives and takes packages, and whose API for jobs answers so. */
function withJobs(answer: () => Response | Promise<Response>): Promise<FakeRay> {
  return FakeRay.start({ answer: (_, path) => path.startsWith("/api/jobs/") ? answer() : undefined });
}

const NO_FILE = fromFileUrl(new URL("no_such_token", import.meta.url));

const TOKENS: readonly (readonly [string, RayOptions["token"], string])[] = [
  ["has two lines", "first\nsecond", "is no text of ASCII characters in one line"],
  ["has letters that no header holds", "first→second", "is no text of ASCII characters in one line"],
  ["is in a file that is not there", { file: NO_FILE }, `the file "${NO_FILE}" that is the "token" of ray() gives none`],
  ["comes from a function that throws", () => Promise.reject(new Error("the vault is shut")), "gives none: the vault is shut"],
  ["comes from a function that gives none", (() => 5) as never, "is no text of ASCII characters in one line"],
];

for (const [what, token, said] of TOKENS) {
  Deno.test(`a token that ${what} is told of, and never shown`, async () => {
    await using fake = await FakeRay.start({ token: "another" });
    const error = await startFailure(fake, { ray: { token } });
    assertEquals([error.phase, fake.requests], ["spawn", []]);
    assertStringIncludes(error.message, said);
    assert(!Deno.inspect(error).includes("second"));
  });
}

Deno.test("a token whose variable is not set says so", async () => {
  await using fake = await FakeRay.start({ token: "another" });
  const error = await startFailure(fake, { ray: { token: { env: "NO_SUCH_VARIABLE" } } });
  assertStringIncludes(error.message, "see that its variable is set");
});

const WAYS: readonly (readonly [string, RayOptions["reach"], string])[] = [
  ["throws", () => Promise.reject(new Error("no way there")), "no way there"],
  ["gives a name that nobody knows", () => ({ hostname: "agent.invalid", port: 1 }), "lookup"],
  ["gives a port where nobody is", () => ({ hostname: "127.0.0.1", port: 1 }), "refused"],
  ["gives no address", (() => ({ hostname: "127.0.0.1", port: "x" })) as never, "Invalid port"],
];

for (const [what, reach, said] of WAYS) {
  Deno.test(`a "reach" that ${what} is told of with the reason`, async () => {
    await using fake = await FakeRay.start();
    const error = await startFailure(fake, { ray: { reach, leaseMs: 2_000 } });
    assertEquals(error.phase, "handshake");
    assertStringIncludes(error.message, said);
    await eventually(() => fake.openJobs.length === 0, "the end of the job");
  });
}

Deno.test("a host that may not connect to the node that Ray has chosen says at once what is missing", async () => {
  await using fake = await FakeRay.start();
  const { host } = new URL(fake.dashboard);
  const options = { dashboard: fake.dashboard, nodes: ["10.0.0.0/8"] };
  const flags = ["--allow-read", "--allow-env", `--allow-net=${host},10.0.0.0/8`];
  const run = runHost("holds_on_ray", flags, [await rayManifest("evaluates"), options]);
  const { stderr } = await within(run, "the end of the start", SOON_MS); // The lease is longer.
  assertStringIncludes(stderr, "PermissionDeniedError");
  assertStringIncludes(stderr, "Add --allow-net=127.0.0.1");
});

for (const told of ['{"host":5,"port":1}', '{"host":"127.0.0.1","port":"x"}', '{"host":"127.0.0.1","port":70000}', "null", "{"]) {
  Deno.test(`what is no address in a job's log is not connected to: ${told}`, async () => {
    const fake: FakeRay = await FakeRay.start({
      answer: (_, path) => path.endsWith("/logs") ? Response.json({ logs: logs() }) : undefined,
    });
    await using _ = fake;
    const logs = () => `a line\n${fake.jobs[0]!.request.runtime_env!.env_vars!.REMOTE_PLUGIN_MARK}${told}\n`;
    let reached = 0;
    const reach = (agent: { hostname: string; port: number }) => (reached++, agent);
    assertEquals((await startFailure(fake, { ray: { leaseMs: 2_000, reach } })).phase, "spawn");
    assertEquals(reached, 0);
  });
}

Deno.test("a dashboard that is lost when a job is handed in does not hold the start up, and has the job ended when it is back", async () => {
  let isLost = true;
  await using fake = await FakeRay.start({ lose: (_, path) => isLost && path.startsWith("/api/jobs/") });
  const error = await startFailure(fake, {});
  assertStringIncludes(error.message, `the dashboard ${fake.dashboard} cannot be reached`);
  assertEquals(fake.jobs.length, 1);
  isLost = false;
  await eventually(() => fake.jobs.length === 0, "the end of the job");
});

Deno.test("a start that is given up does not wait for a dashboard that does not answer", async () => {
  const answering = Promise.withResolvers<Response>();
  await using fake = await withJobs(() => answering.promise);
  const controller = new AbortController();
  const starting = startOnRay(fake, "evaluates", { signal: controller.signal });
  await eventually(() => fake.requests.includes("POST /api/jobs/"), "the request");
  controller.abort(new Error("not wanted any more"));
  await within(assertRejects(() => starting, Error, "not wanted any more"), "the end of the start", SOON_MS);
  answering.resolve(new Response(null, { status: 404 })); // There is no such job.
});

Deno.test("a start that is given up as its job is placed does not wait for whoever would have killed the job", async () => {
  const fake: FakeRay = await FakeRay.start({
    holdsJobs: true,
    answer(_, path) {
      if (path.endsWith("/stop") && !path.includes("-killer")) fake.fail("JOB_SUPERVISOR_ACTOR_DIED", "stopped");
      return undefined;
    },
  });
  await using _ = fake;
  const controller = new AbortController();
  const starting = startOnRay(fake, "evaluates", { signal: controller.signal });
  await eventually(() => fake.jobs.length === 1, "the job");
  controller.abort(new Error("not wanted any more"));
  await within(assertRejects(() => starting, Error, "not wanted any more"), "the end of the start", SOON_MS);
  await eventually(() => fake.jobs.length === 0, "the end of both jobs");
});

Deno.test("a proxy before the dashboard that answers in its place has no job handed in twice", async () => {
  let isFirst = true;
  const fake: FakeRay = await FakeRay.start({
    async answer(request, path) {
      if (request.method !== "POST" || path !== "/api/jobs/" || !isFirst) return;
      isFirst = false;
      await fetch(`${fake.dashboard}${path}`, { method: "POST", body: await request.text() }).then((reply) => reply.body?.cancel());
      return new Response("Gateway Time-out", { status: 504 });
    },
  });
  await using _ = fake;
  await using plugin = await startOnRay(fake, "evaluates");
  assertEquals([await plugin.execute({ expression: "1" }), fake.jobs.length], [1, 1]);
});

Deno.test("a program that has lost worker and dashboard ends when it has nothing more to do", async () => {
  await using fake = await FakeRay.start();
  const host = spawnHost("loses_ray", ["--allow-all"], [await rayManifest("evaluates"), { dashboard: fake.dashboard, leaseMs: 2_000 }]);
  const lines = new PrintedLines(host.stdout);
  await lines.next("its start");
  const { pid } = fake;
  await fake[Symbol.asyncDispose]();
  assert(pid > 0);
  assertEquals(await lines.next("the end of the call"), "WorkerExitError");
  await Promise.all([lines.cancel(), host.stderr.cancel()]);
  assertEquals((await within(host.status, "the end of the program", SOON_MS)).code, 0);
});
