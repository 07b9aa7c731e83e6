/**
 * What a user relies on at a real cluster.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { type RemotePluginProxy, RemotePluginProxySync, type StartOptions, WorkerExitError, WorkerStartError } from "@remote-plugin/proxy";
import { ray, type RayOptions } from "@remote-plugin/proxy/ray";
import { gone } from "../support/fixture_proxy.ts";
import { eventually, within } from "../support/guard.ts";
import { ManagerWatch } from "../support/managed_plugins.ts";
import { PrintedLines } from "../support/printed_lines.ts";
import { ON_SECOND, type RayCluster } from "../support/ray_cluster.ts";
import { type OnRay, rayManifest, startOnRay } from "../support/ray_plugins.ts";
import { spawnHost } from "../support/run_host.ts";

/** A little of the second node. */
export const SECOND = { cpus: 0.1, custom: ON_SECOND };
const MIB = 1024 * 1024;

/** How long the next worker may take. Times are those of a busy machine. */
export const AGAIN_MS = 20_000;

/** A file that the tests may read, and that is not there. */
const NO_FILE = fromFileUrl(new URL("no_such_token", import.meta.url));

/** The tests of one cluster, one after the other: to start one takes half a minute. */
export class Story {
  readonly cluster: RayCluster;
  /** The records of jobs whose host was killed. A later host removes them when they are a minute old. */
  #left: readonly string[] = [];

  constructor(cluster: RayCluster) {
    this.cluster = cluster;
  }

  start(fixture: string, options: OnRay = {}) {
    return startOnRay(this.cluster, fixture, { ...options, ray: { resources: SECOND, leaseMs: 6_000, keepJobMs: 3_000, ...options.ray } });
  }

  /** A call that takes longer than any test, and what it ends with. */
  endOf(plugin: RemotePluginProxy): Promise<WorkerExitError> {
    return assertRejects(() => plugin.execute({ expression: "time.sleep(600)", modules: ["time"] }), WorkerExitError);
  }

  /** The jobs of this project that run or wait. */
  async openJobs(): Promise<string[]> {
    const jobs = await this.cluster.api<{ submission_id: string | null; status: string }[]>("GET", "jobs/");
    const open = jobs.filter(({ status }) => status === "PENDING" || status === "RUNNING").map((job) => String(job.submission_id));
    return open.filter((id) => id.startsWith("remote-plugin"));
  }

  /** All that the cluster knows of them. */
  async jobs(): Promise<string[]> {
    const jobs = await this.cluster.api<{ submission_id: string | null }[]>("GET", "jobs/");
    return jobs.map((job) => String(job.submission_id)).filter((id) => id.startsWith("remote-plugin"));
  }

  /** Two workers fit on the second node, and a third one waits. */
  async keepsReplicas(): Promise<void> {
    const { dashboard, token } = this.cluster;
    const launcher = ray({ dashboard, token, resources: { cpus: 0.1, custom: { second: 4 } } });
    await using watch = await ManagerWatch.create({ manifests: [await rayManifest("naps")], launcher, replicas: { max: 3 } });
    const { manager } = watch;
    const calls = Array.from({ length: 6 }, () => manager.get("naps").execute<number>({ seconds: 2 }));
    assertEquals(new Set(await Promise.all(calls)).size, 2);
    await eventually(() => manager.info("naps").queued.length === 1, "the third worker's wait");
    const { plugins: [stats] } = await manager.getStats();
    assertEquals(stats!.workers.map(({ placement }) => placement!.node), [this.cluster.addresses[1], this.cluster.addresses[1]]);
    const running = stats!.workers.map(({ placement }) => placement!.job);
    const jobs = await this.openJobs();
    assertEquals([jobs.length, running.every((job) => jobs.includes(job))], [3, true]);
    await manager.unload("naps");
    assertEquals([await this.openJobs(), manager.info("naps").queued], [[], []]);
  }

  async answersOnTheSecondNode(): Promise<void> {
    const plugin = await this.start("evaluates");
    assertEquals(plugin.placement!.node, this.cluster.addresses[1]);
    assertEquals(await plugin.execute({ expression: "1 + 1" }), 2);
    const variables = await plugin.execute({ expression: "dict(os.environ)", modules: ["os"] }) as Record<string, string>;
    assertEquals(Object.keys(variables).filter((name) => /^(RAY|REMOTE_PLUGIN)_|^PYTHONPATH$/.test(name)), []);
    assertEquals(variables.CUDA_VISIBLE_DEVICES, "");
    const told = JSON.stringify(await this.cluster.api("GET", "jobs/"));
    assert(told.includes("REMOTE_PLUGIN_VERIFIER") && !told.includes(this.cluster.token));
    await plugin.cleanup();
    assertEquals(await this.openJobs(), []);
    await this.forgotten();
  }

  /** Ray notes the end of a job once more after a while, so that it has to be gone for good. */
  async forgotten(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const isForgotten = async () => (await this.jobs()).every((id) => this.#left.includes(id));
    await untilSo(isForgotten, "the cluster to forget the jobs");
  }

  /** Each start has a launcher of its own here, so that it looks after what others have left. */
  async removesWhatIsLeft(): Promise<void> {
    const left = this.#left;
    assertEquals(left.length, 1);
    const isGone = async () => {
      await using _plugin = await this.start("evaluates");
      return !(await this.jobs()).some((id) => left.includes(id));
    };
    await untilSo(isGone, "the end of what a killed host has left");
  }

  async givesGpus(): Promise<void> {
    await using plugin = await this.start("evaluates", { ray: { resources: { gpus: 0.5 } } });
    const seen = await plugin.execute({ expression: "os.environ['CUDA_VISIBLE_DEVICES']", modules: ["os"] });
    assertEquals([seen, plugin.placement!.node], ["0", this.cluster.addresses[1]]);
  }

  async carriesMuch(): Promise<void> {
    await using plugin = await this.start("hands_over");
    const data = crypto.getRandomValues(new Uint8Array(65_536));
    const large = new Uint8Array(64 * MIB);
    large.set(data, 32 * MIB);
    const told = await plugin.execute({ data: large }) as { data: { size: number; sha1: string } };
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", large)).toHex();
    assertEquals([told.data.size, told.data.sha1], [large.length, digest]);
    const given = await plugin.execute({ action: "give", size: 64 * MIB }) as { size: number };
    assertEquals(given.size, 64 * MIB);
  }

  async holdsBackStreams(): Promise<void> {
    await using plugin = await this.start("evaluates");
    const expressions = Array.from({ length: 300 }, (_, at) => `made.append(${at}) or 'x' * ${MIB}`);
    const made = "types.made = getattr(types, 'made', [])";
    await plugin.execute({ expression: `exec("import types; ${made}; import builtins; builtins.made = types.made")` });
    const stream = plugin.executeStream({ expressions });
    await stream.next();
    await new Promise((resolve) => setTimeout(resolve, 2_000)); // Nobody tells that nothing happens.
    await stream.return();
    assert(await plugin.execute({ expression: "len(made)" }) as number < 20);
  }

  async isLostAndFoundAgain(part: "worker" | "agent" | "supervisor", limitMs: number): Promise<void> {
    const restart = { mode: "on_failure", initial_delay_ms: 1 } as const;
    await using plugin = await this.start("evaluates", { manifest: { restart } });
    await plugin.initialize({});
    const ended = this.endOf(plugin);
    ended.catch(() => {}); // Its cleanup may come first, when a test fails.
    const before = plugin.placement!.job;
    assert((await this.cluster.kill(part)).length > 0);
    await within(ended, "the end of the call", limitMs);
    await within(plugin.execute({ expression: "1" }), "the next worker", AGAIN_MS);
    assert(plugin.placement!.job !== before);
    await untilSo(async () => !(await this.jobs()).includes(before), "the end of the job before");
  }

  async goesOnAfterACut(): Promise<void> {
    await using plugin = await this.start("evaluates", { ray: { leaseMs: 20_000 } });
    const call = plugin.execute({ expression: "time.sleep(1) or 'slept'", modules: ["time"] });
    await this.cluster.cut();
    await new Promise((resolve) => setTimeout(resolve, 4_000)); // It is cut for so long.
    await this.cluster.mend();
    assertEquals(await within(call, "the answer after the network is mended", 20_000), "slept");
    assertEquals(await plugin.execute({ expression: "1" }), 1);
  }

  async isLostByACut(): Promise<void> {
    const plugin = await this.start("evaluates", { ray: { leaseMs: 4_000 } });
    const pid = await this.pidOf(plugin);
    const ended = this.endOf(plugin);
    await this.cluster.cut();
    try {
      const error = await within(ended, "the end of the lease", 8_000);
      assertStringIncludes(error.message, `nothing was heard of node ${this.cluster.addresses[1]} for 4 s`);
      await within(gone(pid), "the end of the worker behind the cut", 8_000);
    } finally {
      await this.cluster.mend();
    }
    await plugin.cleanup();
    await this.haveEnded();
  }

  async endsWithAKilledHost(): Promise<void> {
    const { dashboard, token } = this.cluster;
    const options = { dashboard, token, leaseMs: 3_000, resources: SECOND };
    const before = await this.jobs();
    const host = spawnHost("holds_on_ray", ["--allow-all"], [await rayManifest("evaluates"), options]);
    const lines = new PrintedLines(host.stdout);
    await host.stderr.cancel();
    const pid = Number(await lines.next("the process of its worker"));
    host.kill("SIGKILL");
    await host.status;
    await lines.cancel();
    await within(gone(pid), "the end of its worker", 8_000);
    await this.haveEnded();
    this.#left = (await this.jobs()).filter((id) => !before.includes(id));
  }

  /** No job runs or waits. */
  async haveEnded(): Promise<void> {
    await untilSo(async () => (await this.openJobs()).length === 0, "the end of the jobs");
  }

  async cannotBePlaced(): Promise<void> {
    const told: string[] = [];
    const starting = this.start("evaluates", {
      ray: { resources: { cpus: 1, custom: { nobody_has_this: 1 } }, queueMs: 5_000 },
      onQueued: ({ reason }) => told.push(reason),
    });
    const error = await within(assertRejects(() => starting, WorkerStartError), "the end of its wait", 30_000);
    assertEquals([error.phase, told], ["admission", ['No node runs it yet; it asks for 1 CPU, 1 "nobody_has_this"']]);
    await this.forgotten();
    const label = this.start("evaluates", { ray: { resources: { labels: { "no-such": "label" } }, queueMs: 5_000 } });
    assertEquals((await assertRejects(() => label, WorkerStartError)).phase, "admission");
  }

  async wantsItsToken(): Promise<void> {
    const refused = (token: RayOptions["token"]) => assertRejects(() => this.start("evaluates", { ray: { token } }), WorkerStartError);
    assertStringIncludes((await refused(undefined)).message, 'give "token" to ray()');
    assertStringIncludes((await refused("0".repeat(32))).message, 'Correct the "token"');
    assertStringIncludes((await refused({ env: "NO_SUCH_VARIABLE" })).message, "see that its variable is set");
    assertStringIncludes((await refused({ file: NO_FILE })).message, `the file "${NO_FILE}" that is the "token" of ray() gives none`);
  }

  async makesEnvironments(): Promise<void> {
    const has = { expression: "[tiny.VERSION, sys.prefix]", modules: ["tiny", "sys"] };
    const steps: string[] = [];
    const onEnvironment: StartOptions["onEnvironment"] = ({ phase }) => void steps.push(phase);
    for (const isFirst of [true, false]) {
      steps.length = 0;
      const manifest = { environment: { dependencies: ["tiny==1.0"], extra_args: ["--no-index"] } };
      await using plugin = await this.start("evaluates", { manifest, onEnvironment });
      const [version, prefix] = await plugin.execute(has) as string[];
      assertEquals([version, steps.includes("packages")], ["1.0", isFirst]);
      assertStringIncludes(prefix!, "/remote-plugin/ray/");
    }
    await using byRay = await this.start("evaluates", { ray: { environment: { pip: ["tiny==2.0"] } } });
    assertEquals((await byRay.execute(has) as string[])[0], "2.0");
    const lacks = this.start("evaluates", { manifest: { environment: { dependencies: ["tiny==3.0"], extra_args: ["--no-index"] } } });
    const error = await assertRejects(() => lacks, WorkerStartError);
    assertEquals(error.phase, "environment");
    assertStringIncludes(error.message, "tiny==3.0");
    await assertRejects(
      () => this.start("evaluates", { ray: { environment: { interpreter: "/no/python" } } }),
      WorkerStartError,
      "/no/python",
    );
  }

  async blocks(): Promise<void> {
    const { dashboard, token } = this.cluster;
    const launcher = ray({ dashboard, token, resources: SECOND });
    using plugin = RemotePluginProxySync.start(await rayManifest("evaluates"), { launcher });
    assertEquals(plugin.execute({ expression: "6 * 7" }), 42);
    const withFunction = ray({ dashboard, token: () => token });
    const manifest = await rayManifest("evaluates");
    assertThrows(() => RemotePluginProxySync.start(manifest, { launcher: withFunction }), TypeError, '"token"');
  }

  async losesANode(): Promise<void> {
    await using plugin = await this.start("evaluates", {
      manifest: { restart: { mode: "on_failure", initial_delay_ms: 1 } },
      ray: { resources: { cpus: 1.5 } },
    });
    // The other node has no room for both.
    await using first = await this.start("evaluates", { ray: { resources: { cpus: 1.5 } } });
    const [here, other] = [plugin, first].toSorted((a, b) => Number(a.placement!.node > b.placement!.node));
    const isSecond = other!.placement!.node === this.cluster.addresses[1];
    assert(isSecond && here!.placement!.node === this.cluster.addresses[0]);
    const ended = this.endOf(other!);
    await this.cluster.kill("raylet2");
    await within(ended, "the end of the call", 5_000);
    assertEquals(await here!.execute({ expression: "1" }), 1);
  }

  async losesItsHead(): Promise<void> {
    await using plugin = await this.start("evaluates", { ray: { resources: { cpus: 0.1 } } });
    await this.cluster.kill("gcs");
    const error = await within(assertRejects(() => this.start("evaluates"), WorkerStartError), "a start without a head", 60_000);
    assertStringIncludes(error.message, "dashboard");
    assertEquals(plugin.name, "evaluates");
  }

  pidOf(plugin: { execute: (kwargs: Record<string, unknown>) => Promise<unknown> }): Promise<number> {
    return plugin.execute({ expression: "os.getpid()", modules: ["os"] }) as Promise<number>;
  }
}

/** A cluster takes milliseconds of a core for an answer, and tells nobody of itself. */
export async function untilSo(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const isSoNow = async () => await isSo() || await new Promise<false>((resolve) => setTimeout(resolve, 200, false));
  await eventually(isSoNow, what);
}
