/**
 * Who else may be there when a worker runs on a real cluster, and what a cluster does not take.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type RemotePluginProxy, WorkerStartError } from "@remote-plugin/proxy";
import type { AgentAddress } from "@remote-plugin/proxy/ray";
import { fixtureFolder } from "../support/fixtures.ts";
import { within } from "../support/guard.ts";
import { PrintedLines } from "../support/printed_lines.ts";
import { rayManifest } from "../support/ray_plugins.ts";
import { spawnHost } from "../support/run_host.ts";
import { AGAIN_MS, SECOND, type Story, untilSo } from "./story.ts";

/** What is refused before a job is handed in is told by then. Times are those of a busy machine. */
const AT_ONCE_MS = 5_000;

/** A stranger that says nothing is hung up on after 5 s. */
const HUNG_UP_MS = 8_000;

const MIB = 1024 * 1024;

/** Answers in the place of the cluster's dashboard, and tells what it was asked for while a start with it failed. */
async function failureBehind(story: Story, answer: (url: URL) => Response | Promise<Response>) {
  const asked: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    asked.push(new URL(url).pathname);
    return answer(new URL(url));
  });
  const starting = story.start("evaluates", { ray: { dashboard: `http://127.0.0.1:${server.addr.port}` } });
  const { message } = await within(assertRejects(() => starting, WorkerStartError), "the end of the start", AT_ONCE_MS);
  assertEquals(asked, ["/api/version"]);
  return message;
}

/** Its token goes nowhere, and no job is handed in. */
export async function followsNoRedirect(story: Story): Promise<void> {
  const message = await failureBehind(story, ({ pathname, origin }) => Response.redirect(`${origin}/elsewhere${pathname}`));
  assertStringIncludes(message, "sends this host on to");
}

/** An old Ray beside a new one is too much for a test, so that the dashboard's own answer is changed on its way. */
export async function refusesAnOldRay(story: Story): Promise<void> {
  const answer = async () => Response.json({ ...await story.cluster.api<object>("GET", "version"), ray_version: "2.9.3" });
  assertStringIncludes(await failureBehind(story, answer), "the cluster has Ray 2.9.3, and 2.10 or later is needed");
}

/** The limit is one that the cluster itself takes. */
export async function carriesCodeToItsLimit(story: Story): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "code-" });
  const weights = join(folder, "weights.bin");
  const start = () => story.start("evaluates", { ray: { code: { upload: [fixtureFolder("evaluates"), folder] } } });
  try {
    await Deno.writeFile(weights, new Uint8Array());
    await Deno.truncate(weights, 94 * MIB);
    const plugin = await start();
    const expression = "[os.path.getsize(each + '/weights.bin') for each in sys.path if os.path.exists(each + '/weights.bin')]";
    assertEquals(await plugin.execute({ expression, modules: ["os", "sys"] }), [94 * MIB]);
    await plugin.cleanup();
    await Deno.truncate(weights, 96 * MIB);
    const error = await within(assertRejects(start, WorkerStartError), "the end of the start", AT_ONCE_MS);
    assertStringIncludes(
      error.message,
      `more than 95 MiB, which is the most that a cluster takes. The largest file so far is "${weights}"`,
    );
    assertEquals(await story.openJobs(), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A plugin, and where its agent listens. */
async function withAgent(story: Story): Promise<{ plugin: RemotePluginProxy; agent: AgentAddress }> {
  const told = Promise.withResolvers<AgentAddress>();
  const reach = (agent: AgentAddress) => (told.resolve(agent), agent);
  return { plugin: await story.start("evaluates", { ray: { reach } }), agent: await told.promise };
}

/** These jobs run, and no other. */
async function onlyRun(story: Story, jobs: readonly string[]): Promise<void> {
  await untilSo(async () => String((await story.openJobs()).toSorted()) === String(jobs.toSorted()), `the jobs "${jobs}" to run alone`);
}

/** Whoever listens there goes on. */
export async function findsItsPortTaken(story: Story): Promise<void> {
  const { plugin, agent: { port } } = await withAgent(story);
  await using _ = plugin;
  const starting = story.start("evaluates", { ray: { ports: `${port}-${port}` } });
  const error = await within(assertRejects(() => starting, WorkerStartError), "the end of the start", AGAIN_MS);
  assertStringIncludes(error.message, `its agent finds no free port in "${port}-${port}"`);
  assertEquals(await plugin.execute({ expression: "1" }), 1);
  await onlyRun(story, [plugin.placement!.job]);
}

/** Who says nothing, and who says something else than the secret. */
const STRANGERS = ["", "GET / HTTP/1.1\r\n\r\n", '{"secret": "wrong", "to": "agent"}\n{"close": true}\n', "x".repeat(100_000), "\xff\0\n"];

export async function hangsUpOnStrangers(story: Story): Promise<void> {
  const { plugin, agent } = await withAgent(story);
  await using _ = plugin;
  await Promise.all(STRANGERS.map(async (said) => {
    using conn = await Deno.connect(agent);
    await conn.write(new TextEncoder().encode(said)).catch(() => 0);
    const heard = conn.read(new Uint8Array(10)).catch(() => null);
    assertEquals(await plugin.execute({ expression: "1 + 1" }), 2);
    assertEquals(await within(heard, `the end of "${said.slice(0, 40)}"`, HUNG_UP_MS), null);
  }));
  assertEquals(await plugin.execute({ expression: "1 + 1" }), 2);
}

/** Each calls its own worker on and on, and one of them ends. */
export async function sharesItsCluster(story: Story): Promise<void> {
  const { dashboard, token } = story.cluster;
  const mine = await story.start("evaluates");
  const options = { dashboard, token, leaseMs: 6_000, resources: SECOND };
  await using host = spawnHost("shares_ray", ["--allow-all"], [await rayManifest("evaluates"), options]);
  const lines = new PrintedLines(host.stdout);
  const job = await lines.next("its job");
  await onlyRun(story, [job, mine.placement!.job]);
  await mine.cleanup();
  await using next = await story.start("evaluates");
  await onlyRun(story, [job, next.placement!.job]);
  host.kill("SIGTERM");
  const { code } = await within(host.status, "the end of the other host", AGAIN_MS);
  await lines.cancel();
  assertEquals([code, await new Response(host.stderr).text()], [0, ""]);
  assertEquals(await next.execute({ expression: "1" }), 1);
  await onlyRun(story, [next.placement!.job]);
}
