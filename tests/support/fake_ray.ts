/**
 * The few endpoints of a Ray dashboard that a launcher uses, for tests without a cluster. A job is a process of this machine.
 *
 * @module
 */
import { join } from "@std/path";
import { testPython } from "./python.ts";

/** How the fake behaves. */
export interface FakeRayOptions {
  /** The token that it wants. Default: none. */
  readonly token?: string;
  /** What it says that it is. Default: the release that the tests run on. */
  readonly version?: string;
  /** Whether a job waits until it is let go on. Default: false. */
  readonly holdsJobs?: boolean;
  /** Whether the answer to a request is lost, though it was taken. */
  readonly lose?: (request: Request, path: string) => boolean;
  /** Answers a request itself, in the place of what follows. */
  readonly answer?: (request: Request, path: string) => Response | undefined | Promise<Response | undefined>;
}

/** A job as the fake keeps it. */
interface FakeJob {
  readonly request: JobRequest;
  status: "PENDING" | "RUNNING" | "STOPPED" | "SUCCEEDED" | "FAILED";
  message: string;
  errorType?: string;
  endedAt?: number;
  child?: Deno.ChildProcess;
  ended?: Promise<void>;
  log: string;
}

interface JobRequest {
  readonly submission_id: string;
  readonly entrypoint: string;
  readonly metadata: Record<string, string>;
  readonly runtime_env?: {
    readonly working_dir?: string;
    readonly py_modules?: readonly string[];
    readonly env_vars?: Record<string, string>;
  };
}

/** A dashboard that listens on loopback. */
export class FakeRay implements AsyncDisposable {
  readonly #folder: string;
  readonly #options: FakeRayOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #jobs = new Map<string, FakeJob>();
  readonly #packages = new Map<string, Uint8Array<ArrayBuffer>>();
  /** What was asked, as `GET /api/version`. */
  readonly requests: string[] = [];

  private constructor(folder: string, options: FakeRayOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => this.#serve(request));
  }

  /** Begins to listen. */
  static async start(options: FakeRayOptions = {}): Promise<FakeRay> {
    return new FakeRay(await Deno.makeTempDir({ prefix: "fake-ray-" }), options);
  }

  /** Where. */
  get dashboard(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The jobs that it knows, each with how it is. */
  get jobs(): { id: string; status: string; request: JobRequest; log: string }[] {
    return [...this.#jobs.values()].map(({ request, status, log }) => ({ id: request.submission_id, status, request, log }));
  }

  /** The ids of those that wait or run. */
  get openJobs(): string[] {
    return this.jobs.filter(({ status }) => status === "PENDING" || status === "RUNNING").map(({ id }) => id);
  }

  /** The process of the only job: its entrypoint, which is the agent. */
  get pid(): number {
    const [job] = this.#jobs.values();
    return job!.child!.pid;
  }

  /** Lets the jobs go on that wait. */
  letGo(): void {
    for (const job of this.#jobs.values()) if (job.status === "PENDING") void this.#run(job);
  }

  /** Has a job fail that waits, as Ray tells of it. */
  fail(errorType: string, message: string): void {
    for (const job of this.#jobs.values()) this.#end(job, { status: "FAILED", errorType, message });
  }

  /** Puts in the record of a job that a host has left. */
  remember(id: string, endedAt: number): void {
    const request = { submission_id: id, entrypoint: "true", metadata: {} };
    this.#jobs.set(id, { request, status: "SUCCEEDED", message: "", endedAt, log: "" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#jobs.values()) signalGroup(child, "SIGKILL");
    await Promise.all([...this.#jobs.values()].map(({ ended }) => ended));
    await this.#server.shutdown();
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {}); // It was disposed of before.
  }

  async #serve(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    this.requests.push(`${request.method} ${path}`);
    const answered = await this.#options.answer?.(request, path);
    if (answered !== undefined) return answered;
    const { token } = this.#options;
    const shown = request.headers.get("authorization");
    if (token !== undefined && shown === null) return new Response("Unauthorized: Missing authentication token", { status: 401 });
    if (token !== undefined && shown !== `Bearer ${token}`) return new Response("Forbidden: Invalid authentication token", { status: 403 });
    const isLost = this.#options.lose?.(request, path) ?? false;
    const answer = await this.#route(request, path.split("/").filter(Boolean).slice(1));
    return isLost ? brokenAnswer() : answer;
  }

  async #route(request: Request, [kind, ...rest]: string[]): Promise<Response> {
    if (kind === "version") return Response.json({ version: "4", ray_version: this.#options.version ?? "2.60.0" });
    if (kind === "packages") return await this.#package(request, rest[1]!);
    if (kind !== "jobs") return new Response("Not found", { status: 404 });
    const [id, what] = rest;
    if (id === undefined) return request.method === "POST" ? this.#submit(await request.json()) : Response.json(this.#list());
    const job = this.#jobs.get(id);
    if (job === undefined) return new Response(`Job ${id} does not exist`, { status: 404 });
    if (what === "logs") return Response.json({ logs: job.log });
    if (what === "stop") return this.#stop(job);
    if (request.method !== "DELETE") return Response.json(recordOf(job));
    if (job.status === "PENDING" || job.status === "RUNNING") return new Response("Job is not in a terminal state", { status: 400 });
    this.#jobs.delete(id);
    return Response.json({ deleted: true });
  }

  async #package(request: Request, name: string): Promise<Response> {
    if (request.method === "PUT") {
      this.#packages.set(name, new Uint8Array(await request.arrayBuffer()));
      return new Response();
    }
    return new Response(null, { status: this.#packages.has(name) ? 200 : 404 });
  }

  #list(): unknown[] {
    return [...this.#jobs.values()].map(recordOf);
  }

  #submit(request: JobRequest): Response {
    if (this.#jobs.has(request.submission_id)) return new Response("Traceback …\nValueError: … already exists", { status: 500 });
    const job: FakeJob = { request, status: "PENDING", message: "Job has not started yet.", log: "" };
    this.#jobs.set(request.submission_id, job);
    if (request.submission_id.endsWith("-killer")) this.#kill(job);
    else if (!this.#options.holdsJobs) void this.#run(job);
    return Response.json({ job_id: request.submission_id, submission_id: request.submission_id });
  }

  /** The real one kills the actor that stands behind a job, and looks for it for a while where there is none. */
  #kill(killer: FakeJob): void {
    const [, id] = /_ray_internal_job_actor_(.*?)'/.exec(killer.request.entrypoint)!;
    const job = this.#jobs.get(id!);
    killer.status = "RUNNING";
    if (job?.status !== "PENDING") return;
    this.#end(job, { status: "FAILED", errorType: "JOB_SUPERVISOR_ACTOR_DIED", message: "killed" });
    this.#end(killer, { status: "SUCCEEDED", message: "" });
  }

  #stop(job: FakeJob): Response {
    if (job.child !== undefined && job.status === "RUNNING") signalGroup(job.child, "SIGTERM");
    else if (job.status === "RUNNING") this.#end(job, { status: "STOPPED", message: "" });
    return Response.json({ stopped: true });
  }

  #end(job: FakeJob, how: Pick<FakeJob, "status" | "message" | "errorType">): void {
    Object.assign(job, how, { endedAt: Date.now() });
  }

  async #run(job: FakeJob): Promise<void> {
    const { working_dir, py_modules = [], env_vars = {} } = job.request.runtime_env ?? {};
    const cwd = await this.#unpacked(working_dir);
    const modules = await Promise.all(py_modules.map((uri) => this.#unpacked(uri)));
    if (job.status !== "PENDING") return;
    job.child = new Deno.Command("sh", {
      args: ["-c", job.request.entrypoint],
      cwd,
      env: {
        ...env_vars,
        PYTHONPATH: [cwd, ...modules].join(":"),
        PATH: `${join(testPython(), "..")}:${Deno.env.get("PATH")}`,
        RAY_ADDRESS: "127.0.0.1:6379",
        RAY_AUTH_TOKEN: "the cluster's own",
        RAY_JOB_CONFIG_JSON_ENV_VAR: "{}",
      },
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    job.status = "RUNNING";
    job.message = "Job is currently running.";
    job.ended = this.#watch(job, job.child);
  }

  async #watch(job: FakeJob, child: Deno.ChildProcess): Promise<void> {
    const reading = [child.stdout, child.stderr].map(async (stream) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) job.log += text;
    });
    const { code } = await child.status;
    await Promise.all(reading);
    if (code === 0) return this.#end(job, { status: "SUCCEEDED", message: "Job finished successfully." });
    const message = `Job entrypoint command failed with exit code ${code}, last available logs: ${job.log.slice(-20_000)}`;
    this.#end(job, { status: "FAILED", errorType: "JOB_ENTRYPOINT_COMMAND_ERROR", message });
  }

  async #unpacked(uri: string | undefined): Promise<string> {
    if (uri === undefined) return this.#folder;
    const name = uri.replace("gcs://", "");
    const folder = join(this.#folder, name.replace(".zip", ""));
    await Deno.writeFile(`${folder}.zip`, this.#packages.get(name)!);
    await new Deno.Command(testPython(), { args: ["-m", "zipfile", "-e", `${folder}.zip`, folder] }).output();
    return folder;
  }
}

function recordOf({ request, status, message, errorType, endedAt }: FakeJob): unknown {
  const { submission_id, entrypoint, metadata, runtime_env } = request;
  return { submission_id, entrypoint, metadata, runtime_env, status, message, error_type: errorType ?? null, end_time: endedAt ?? null };
}

function signalGroup(child: Deno.ChildProcess | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    if (child !== undefined) Deno.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}

/** Ends before it has said what it is going to say, as when a connection breaks. */
function brokenAnswer(): Response {
  return new Response(new ReadableStream({ start: (controller) => controller.close() }), { headers: { "content-length": "100" } });
}
