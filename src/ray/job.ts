/**
 * A job of a Ray cluster, which is one worker: handed in, waited for, removed.
 *
 * @module
 */
import type { PluginSpec } from "../manifest/manifest.ts";
import type { LaunchWatch } from "../process/launcher.ts";
import { startError } from "../process/start_failure.ts";
import { Limit, within } from "../protocol/limit.ts";
import { pause, Timer } from "../protocol/timer.ts";
import { isRecord, parseJson } from "../protocol/json.ts";
import { messageOf } from "../protocol/text.ts";
import { hasEnded, type JobInfo, type RayClient, RayRefusedError, RayUnreachableError } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import { jobError } from "./failures.ts";
import { killerId, killerJob, resourcesInWords, type WorkerJob } from "./job_request.ts";
import type { AgentAddress, RaySettings } from "./options.ts";

/** The time between two questions about a job, in milliseconds. It is short at first, because most jobs are placed at once. */
const FIRST_POLL_MS = 100;
const LAST_POLL_MS = 1_000;

/** How long a dashboard may be away while something is waited for, in milliseconds. A head that is started again takes some time. */
const AWAY_MS = 30_000;

/** How long a job may wait before its start counts as queued, in milliseconds. One that finds room at once runs by then. */
const PLACED_MS = 2_500;

/** How long the log may be empty once a job runs, in milliseconds. */
const LOG_MS = 15_000;

/** How long the news of a failed request waits for its job to be ended, in milliseconds. The request may have arrived. */
const PATIENCE_MS = 3_000;

/** How long the end of a job is waited for, in all, and until it is told to stop, in milliseconds. */
const END_MS = 120_000;
const STOP_MS = 1_000;

/** Who asks for a job, and who is told. */
interface JobContext {
  readonly spec: PluginSpec;
  readonly cluster: Cluster;
}

/** One job. */
export class RayJob {
  /** What the cluster calls it. */
  readonly id: string;
  readonly #context: JobContext;
  readonly #mark: string;
  #ended: Promise<void> | undefined;

  private constructor({ submission_id, mark }: WorkerJob, context: JobContext) {
    this.id = submission_id;
    this.#mark = mark;
    this.#context = context;
  }

  /** Hands a job in. Whatever fails, there is none that nobody knows of. */
  static async submit(request: WorkerJob, context: JobContext, signal: AbortSignal): Promise<RayJob> {
    const job = new RayJob(request, context);
    const { mark: _, ...body } = request;
    try {
      await context.cluster.client.submit(body, signal);
      return job;
    } catch (error) {
      if (!(error instanceof RayRefusedError)) await within(job.end().catch(() => {}), PATIENCE_MS);
      throw error;
    }
  }

  /**
   * Waits until it runs.
   *
   * @throws {WorkerStartError} When it ends first, or waits for longer than it may.
   */
  async running({ signal, onQueued }: Pick<LaunchWatch, "signal" | "onQueued">): Promise<void> {
    const { spec, cluster: { settings } } = this.#context;
    const { queueMs } = settings;
    const begun = performance.now();
    const over = new AbortController();
    using _limit = new Limit(queueMs, () => over.abort());
    const reason = waitsFor(settings);
    let isTold = false;
    try {
      for await (const job of this.#watch(AbortSignal.any([signal, over.signal]))) {
        if (job.status === "RUNNING") return;
        if (hasEnded(job)) throw this.#endedError(job);
        const sinceMs = Math.round(performance.now() - begun);
        if (isTold || sinceMs < PLACED_MS) continue;
        isTold = true;
        onQueued({ reason, sinceMs });
      }
    } catch (error) {
      if (signal.aborted || !over.signal.aborted) throw error;
      const what =
        `it waited for the cluster for longer than its limit of ${queueMs} ms. ${reason}. Raise "queueMs" of ray(), or ask for less`;
      throw startError(spec, "admission", what, {});
    }
  }

  /**
   * Where its agent listens, as it says in the job's log.
   *
   * @throws {WorkerStartError} When it ends first, cannot listen, or nobody gives its log.
   */
  async agentAddress(signal: AbortSignal): Promise<AgentAddress> {
    const { spec } = this.#context;
    let problem = "its log stays empty";
    for (const end = performance.now() + LOG_MS; performance.now() < end; await pause(FIRST_POLL_MS, signal)) {
      const log = await this.#log(signal);
      if ("text" in log) {
        const told = this.#told(log.text);
        if (told !== undefined) return told;
      } else problem = log.problem;
      const job = await this.#look(signal);
      if (job !== undefined && hasEnded(job)) throw this.#endedError(job);
    }
    const what =
      `its job "${this.id}" runs, and does not say where its agent listens: ${problem}. A job's log comes from the node's own dashboard agent, ` +
      `at port 52365 by default: look whether that port is taken on the node, or cannot be reached from the head`;
    throw startError(spec, "spawn", what, {});
  }

  /** A job may have said why before it ended. */
  #endedError(job: JobInfo): Error {
    const at = job.message.indexOf(this.#mark);
    if (at !== -1) this.#told(job.message.slice(at));
    return jobError(this.#context.spec, job);
  }

  #told(text: string): AgentAddress | undefined {
    const line = text.split("\n").find((each) => each.startsWith(this.#mark));
    if (line === undefined) return undefined;
    const told = parseJson(line.slice(this.#mark.length));
    if (!isRecord(told)) return undefined; // The rest of the line is on its way.
    const { host, port, error } = told;
    if (error === undefined) return typeof host === "string" && isPort(port) ? { hostname: host, port } : undefined;
    const { spec, cluster: { settings: { ports } } } = this.#context;
    const where = ports === undefined ? "its agent cannot listen" : `its agent finds no free port in "${ports}"`;
    throw startError(spec, "spawn", `${where}: ${error}. Correct "ports" of ray()`, {});
  }

  async #log(signal: AbortSignal): Promise<{ text: string } | { problem: string }> {
    try {
      return { text: await this.#context.cluster.client.logs(this.id, signal) };
    } catch (error) {
      if (error instanceof RayRefusedError || error instanceof RayUnreachableError) return { problem: messageOf(error) };
      throw error;
    }
  }

  /** Whether it has surely ended. */
  async hasEnded(): Promise<boolean> {
    const job = await this.#look().catch(() => undefined);
    return job !== undefined && hasEnded(job);
  }

  /** How the job is, again and again. A dashboard that is away for a while is nobody's end. */
  async *#watch(signal: AbortSignal): AsyncGenerator<JobInfo, never, void> {
    let awaySince: number | undefined;
    for (let waitMs = FIRST_POLL_MS;; waitMs = Math.min(waitMs * 1.1, LAST_POLL_MS)) {
      const job = await this.#look(signal).catch((error) => {
        awaySince ??= performance.now();
        if (signal.aborted || performance.now() - awaySince > AWAY_MS) throw error;
      });
      if (job !== undefined) {
        awaySince = undefined;
        yield job;
      }
      await pause(waitMs, signal);
    }
  }

  async #look(signal?: AbortSignal): Promise<JobInfo | undefined> {
    const job = await this.#context.cluster.client.job(this.id, signal);
    if (job === undefined) throw new RayUnreachableError(`the cluster does not know the job "${this.id}" any more`);
    return job;
  }

  /**
   * Waits until the job has ended, and ends it where nothing else does; then has the cluster forget it. Twice is harmless.
   *
   * @throws {Error} When it has not ended after two minutes.
   */
  end(): Promise<void> {
    return this.#ended ??= this.#end();
  }

  async #end(): Promise<void> {
    const { cluster } = this.#context;
    let isKilled = false;
    const kill = async ({ status }: JobInfo, spentMs: number) => {
      if (isKilled || (status === "RUNNING" && spentMs < STOP_MS)) return;
      isKilled = true;
      await cluster.client.stop(this.id);
      // A job that waits has nobody yet who would hear that.
      if (status === "PENDING") await cluster.client.submit(killerJob(this.id));
    };
    await untilEnded(cluster.client, this.id, kill);
    if (isKilled) await this.#endKiller();
    await cluster.forget(this.id);
    if (isKilled) await cluster.forget(killerId(this.id));
  }

  /** There may be nobody left whom it could kill, and it would look for a while. */
  async #endKiller(): Promise<void> {
    const { client } = this.#context.cluster;
    let isStopped = false;
    await untilEnded(client, killerId(this.id), async ({ id, status }) => {
      if (isStopped || status !== "RUNNING") return;
      isStopped = true;
      await client.stop(id);
    });
  }
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535;
}

/** Waits for the end of a job, which somebody brings about; one that there is not has ended. */
async function untilEnded(client: RayClient, id: string, kill: (job: JobInfo, spentMs: number) => Promise<void>): Promise<void> {
  const begun = performance.now();
  for (let waitMs = 30;; waitMs = Math.min(waitMs * 1.3, 500)) {
    const spentMs = performance.now() - begun;
    try {
      const job = await client.job(id);
      if (job === undefined || hasEnded(job)) return;
      await kill(job, spentMs);
    } catch (error) {
      if (spentMs > END_MS) throw error;
    }
    if (spentMs > END_MS) throw new Error(`the job "${id}" does not end. End it by: ray job stop ${id}`);
    await idle(waitMs);
  }
}

/** Whoever waits for the end keeps the program alive. A dashboard that does not answer must not. */
function idle(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void new Timer(milliseconds, resolve).unref());
}

/** What a job waits for. Ray tells neither whether a node has room nor whether one is at work. */
function waitsFor({ resources, environment }: RaySettings): string {
  const waits = `No node runs it yet; it asks for ${resourcesInWords(resources)}`;
  const isMadeByRay = environment !== undefined && ("pip" in environment || "conda" in environment);
  return isMadeByRay ? `${waits}, and Ray makes its environment first` : waits;
}
