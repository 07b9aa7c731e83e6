/**
 * Workers with the feature "ahead" in this process, on real sockets: a test sees what has reached them, has them answer, and kills them.
 *
 * @module
 */
import { restartPolicy } from "../../src/manifest/load.ts";
import type { RestartSettings } from "../../src/manifest/manifest.ts";
import { DEFAULT_QUOTA, type ScratchFolders, WorkerFiles } from "../../src/payload/worker_files.ts";
import { Dispatch } from "../../src/plugin/dispatch.ts";
import type { CallOptions } from "../../src/plugin/interface.ts";
import { LoadedWorker } from "../../src/plugin/loaded_worker.ts";
import { OutputLog } from "../../src/process/output_log.ts";
import type { WorkerExit } from "../../src/process/running_child.ts";
import { within } from "../../src/protocol/limit.ts";
import { UpgradedTransport } from "../../src/transport/upgraded.ts";

/** A request that has reached a worker. */
export interface Arrived {
  readonly endpoint: string;
  readonly callId: string | undefined;
  /** What `execute` was called with. */
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** Answers a call, frame by frame as text or as bytes; the signal aborts when it is cancelled. */
export type Answer = (arrived: Arrived, signal: AbortSignal) => AsyncIterable<string | readonly number[]>;

const EXITED = '{"error":{"code":"plugin_exit","type":"Exit","message":"exit","traceback":""}}';

const UPGRADED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: remote-plugin-frames\r\n\r\n";
const CANCELLED = '{"error":{"code":"cancelled","type":"CallCancelled","message":"","traceback":""}}';
const UTF8 = new TextEncoder();

/** One worker, until it is killed. */
export class AheadWorker {
  readonly #listener: Deno.UnixListener;
  readonly #answer: Answer;
  readonly #conns = new Set<Deno.Conn>();
  readonly #running = new Map<string, AbortController>();
  readonly #remembered = new Set<string>();
  /** The calls that have come, whether or not they have begun. */
  readonly arrived: Arrived[] = [];
  /** Which calls it was asked to cancel, in the order of asking; `undefined` for all that run. */
  readonly cancels: (string | undefined)[] = [];
  readonly exited = Promise.withResolvers<WorkerExit>();
  #onArrival: () => void = () => {};
  #isDead = false;
  #hasExited = false;

  constructor(path: string, answer: Answer) {
    this.#listener = Deno.listen({ transport: "unix", path });
    this.#answer = answer;
    void this.#accept();
  }

  /** Resolves when so many calls have come. */
  async untilArrived(count: number): Promise<void> {
    while (this.arrived.length < count) await new Promise<void>((resolve) => this.#onArrival = resolve);
  }

  kill(): void {
    try {
      this.#listener.close();
    } catch {
      return; // It is dead already.
    }
    this.#isDead = true;
    for (const conn of this.#conns) conn.close();
    for (const running of this.#running.values()) running.abort();
    this.exited.resolve({ code: null, signal: "SIGKILL", outOfMemory: false });
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) void this.#serve(conn).catch(() => {});
    } catch {
      // It was closed.
    }
  }

  /** Takes all that comes at once, and answers one after the other. */
  async #serve(conn: Deno.Conn): Promise<void> {
    this.#conns.add(conn);
    let last = Promise.resolve();
    try {
      for await (const { arrived, body } of requestsOf(conn)) {
        const isCall = arrived.callId !== undefined;
        if (isCall) this.arrived.push(arrived);
        this.#onArrival();
        last = last.then(() => isCall ? this.#call(conn, arrived) : this.#reply(conn, arrived, body)).catch(() => {});
      }
    } finally {
      this.#conns.delete(conn);
      try {
        conn.close();
      } catch {
        // It was killed.
      }
    }
  }

  async #call(conn: Deno.Conn, arrived: Arrived): Promise<void> {
    if (this.#isDead) return;
    const id = arrived.callId!;
    if (this.#remembered.delete(id)) return await write(conn, CANCELLED);
    const cancelling = new AbortController();
    this.#running.set(id, cancelling);
    try {
      if (arrived.kwargs.exits) this.#hasExited = true;
      if (this.#hasExited) return await write(conn, EXITED);
      for await (const line of this.#answer(arrived, cancelling.signal)) await write(conn, line);
    } catch (error) {
      if (!cancelling.signal.aborted) throw error;
      await write(conn, CANCELLED);
    } finally {
      this.#running.delete(id);
    }
  }

  async #reply(conn: Deno.Conn, { endpoint }: Arrived, body: Record<string, unknown>): Promise<void> {
    if (endpoint !== "cancel") return await write(conn, '{"result":{}}');
    const id = body.call_id as string | undefined;
    this.cancels.push(id);
    if (body.behind !== undefined && !this.#running.has(body.behind as string)) {
      return await write(conn, '{"result":{"status":"not_running"}}');
    }
    const running = id === undefined ? [...this.#running.values()] : [this.#running.get(id)].filter((each) => each !== undefined);
    for (const each of running) each.abort();
    if (running.length === 0 && body.ahead === true) this.#remembered.add(id!);
    const status = running.length > 0 || body.ahead === true ? "cancelled" : "not_running";
    await write(conn, JSON.stringify({ result: { status } }));
  }
}

async function write(conn: Deno.Conn, line: string | readonly number[]): Promise<void> {
  const bytes = typeof line === "string" ? UTF8.encode(`${line}\n`) : new Uint8Array([...line, 0x0a]);
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

async function* requestsOf(conn: Deno.Conn): AsyncGenerator<{ arrived: Arrived; body: Record<string, unknown> }> {
  let text = "";
  const decoder = new TextDecoder();
  let isUpgraded = false;
  for await (const piece of conn.readable) {
    text += decoder.decode(piece, { stream: true });
    if (!isUpgraded) {
      const end = text.indexOf("\r\n\r\n");
      if (end === -1) continue;
      isUpgraded = true;
      text = text.slice(end + 4);
      await conn.write(UTF8.encode(UPGRADED));
    }
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
      const [endpoint = "", length, ...fields] = text.slice(0, end).split(" ");
      // Tests send ASCII alone, of which each character is a byte.
      if (text.length < end + 1 + Number(length)) break;
      const json = text.slice(end + 1, end + 1 + Number(length));
      text = text.slice(end + 1 + json.length);
      const body = json === "" ? {} : JSON.parse(json);
      const callId = fields.find((field) => field.startsWith("call="))?.slice("call=".length);
      yield { arrived: { endpoint, callId, kwargs: body.kwargs ?? {} }, body };
    }
  }
}

/** What a plugin is made with. */
export interface AheadOptions {
  readonly restart?: RestartSettings;
  readonly maxConcurrency?: number;
  readonly cancelBudgetMs?: number;
  readonly idleTimeoutMs?: number;
  readonly scratch?: ScratchFolders;
}

/** A plugin whose workers take calls ahead. */
export class AheadPlugin implements AsyncDisposable {
  readonly dispatch: Dispatch;
  readonly log = new OutputLog();
  readonly workers: AheadWorker[] = [];
  readonly #folder: string;
  readonly #answer: Answer;
  readonly #options: AheadOptions;

  /** Starts the first worker. */
  constructor(folder: string, answer: Answer, options: AheadOptions = {}) {
    this.#folder = folder;
    this.#answer = answer;
    this.#options = options;
    this.dispatch = new Dispatch(this.#start(), {
      log: this.log,
      restart: restartPolicy(options.restart ?? { mode: "on_failure", initial_delay_ms: 1, max_delay_ms: 1, max_crashes: 100_000 }),
      startNext: () => Promise.resolve(this.#start()),
      cancelBudgetMs: options.cancelBudgetMs,
      idleTimeoutMs: options.idleTimeoutMs,
    });
  }

  /** How many lanes its workers have. */
  get maxConcurrency(): number {
    return this.#options.maxConcurrency ?? 1;
  }

  /** The worker that runs. */
  get worker(): AheadWorker {
    return this.workers.at(-1)!;
  }

  execute(kwargs: Record<string, unknown>, options: CallOptions = {}): Promise<unknown> {
    return this.dispatch.run({ endpoint: "execute", member: "execute", body: { args: [], kwargs } }, options);
  }

  executeStream(kwargs: Record<string, unknown>, options: CallOptions = {}): AsyncGenerator<unknown, unknown, void> {
    return this.dispatch.stream({ endpoint: "execute_stream", member: "executeStream", body: { args: [], kwargs } }, options);
  }

  /** What the calls that have reached any worker carried under "n". */
  get numbers(): unknown[] {
    return this.workers.flatMap(({ arrived }) => arrived.map(({ kwargs }) => kwargs.n));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispatch.close();
    await this.dispatch.workers[Symbol.asyncDispose]();
  }

  #start(): LoadedWorker {
    const path = `${this.#folder}/${this.workers.length}.sock`;
    const worker = new AheadWorker(path, this.#answer);
    this.workers.push(worker);
    const transport = UpgradedTransport.at({ url: `unix:${path}`, token: "token" })!;
    const { maxConcurrency, scratch } = { ...this.#options, maxConcurrency: this.maxConcurrency };
    const exited = worker.exited.promise;
    const log = new OutputLog(this.log);
    return new LoadedWorker({
      send: transport.sendAlone,
      sendAhead: transport.sendAhead,
      plugin: { name: "ahead", version: "1", methods: [] },
      maxConcurrency,
      files: new WorkerFiles({ plugin: "ahead", folders: scratch, quota: DEFAULT_QUOTA }),
      exited,
      process: {
        hello: { protocol: 1, address: { unix: path }, pid: this.workers.length, worker: "test", features: ["ahead"] },
        permissions: undefined,
        endpoint: undefined,
        placement: undefined,
        log,
        exited,
        endedWithin: (milliseconds) => within(exited, milliseconds),
        onEnd: () => {},
        ref: () => {},
        unref: () => {},
      },
      dispose: async () => {
        worker.kill();
        transport[Symbol.dispose]();
        await exited;
      },
    });
  }
}
