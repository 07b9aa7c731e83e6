/**
 * Answers requests: routes them, queues the calls, keeps their progress and cancels them. The plugin's code runs in a
 * {@linkcode PluginRunner}, so that this thread can answer whatever that code does.
 *
 * @module
 */
import { type CallbackAnswer, readAnswer } from "../../protocol/callback_answer.ts";
import type { Exchange, WireRequest } from "../../protocol/exchange.ts";
import type { Frame } from "../../protocol/frames.ts";
import { type CallEndpoint, type Endpoint, isCallEndpoint, isEndpoint } from "../../protocol/endpoints.ts";
import type { HealthBody, ProgressBody, StatsBody, WorkerLimits } from "../../protocol/messages.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import { Turns } from "../../protocol/turns.ts";
import { untilAborted } from "../../protocol/until_aborted.ts";
import { Batches } from "./batches.ts";
import { Call } from "./call.ts";
import { BadBodyError, type Body, decodeBody } from "./call_arguments.ts";
import { cancelledBody, type CancelStatus, OpenCalls } from "./cancelling.ts";
import { failureBody } from "./error_body.ts";
import { errorLine, type FrameLine, isLastLine, parseLine, plainResultLine } from "./frame_line.ts";
import { framesOf, type FrameSource } from "./frame_queue.ts";
import type { PluginLabel } from "./load_plugin.ts";
import type { CallOrder, PluginRunner, QuestionEndpoint } from "./plugin_runner.ts";

/** What the process uses, see {@linkcode StatsBody}. */
export type Usage = Pick<StatsBody, "cpu_percent" | "memory_rss_mb">;

/** What a session needs besides its plugin. */
export interface SessionOptions {
  readonly plugin: PluginLabel;
  readonly limits: Pick<WorkerLimits, "max_concurrency" | "batch">;
  readonly pid: number;
  readonly usage: () => Promise<Usage>;
  /** What the worker says that it can do. Default: nothing. */
  readonly features?: readonly string[];
}

/** A request whose files have come. */
export interface ReceivedRequest extends WireRequest {
  /** Whether its reply is plain, so that it has no room for callbacks. Default: no. */
  readonly isPlain?: boolean;
  /** Let go of when the plugin's code has come to rest, or never begins. */
  readonly inputs?: Disposable;
}

/** The call's id is that of a call still open. */
export class CallIdInUseError extends Error {
  override name = "CallIdInUseError";
}

/** One worker's session, for as long as its process lives. */
export class WorkerSession {
  readonly #runner: PluginRunner;
  readonly #options: SessionOptions;
  readonly #turns: Turns;
  readonly #open = new OpenCalls<Call>();
  /** Those whose frames may not all have been sent. */
  readonly #replying = new Set<Call>();
  readonly #startedAt = performance.now();
  #progress: Pick<Call, "progress"> = { progress: { progress: 0, message: "" } };
  /** Calls that wait or run. */
  readonly #active = new Set<Call>();
  readonly #batches: Batches | undefined;
  #finished = 0;

  /** What is answered without a turn. */
  readonly #answers: Readonly<Record<Exclude<Endpoint, CallEndpoint>, (body: Body) => FrameLine | Promise<FrameLine>>> = {
    ready: () => this.#ready(),
    health: () => plainResultLine(this.#health()),
    stats: async () => plainResultLine(await this.#stats()),
    progress: () => plainResultLine(this.#progress.progress satisfies ProgressBody),
    cancel: (body) => plainResultLine({ status: this.#cancel(body) }),
    // Deno has no way to ask the system, and another thread may have it open.
    in_use: () => plainResultLine({ in_use: true }),
    callback: (body) => plainResultLine({ status: this.#takeAnswer(body) ? "answered" : "not_waiting" }),
    // Nor any to ask which modules it has loaded. The host asks for their graph.
    sources: () => notSupported("sources"),
    config_schema: () => this.#ask("config_schema"),
    config: () => this.#ask("config"),
    signatures: () => this.#ask("signatures"),
  };

  /** Opens a session on a plugin. */
  constructor(runner: PluginRunner, options: SessionOptions) {
    this.#runner = runner;
    this.#options = options;
    const turns = this.#turns = new Turns(options.limits.max_concurrency);
    const { batch } = options.limits;
    this.#batches = batch && new Batches({ limits: batch, runner, turns, onBegin: (call) => this.#progress = call });
  }

  /** The session as an exchange of frames, without a wire. */
  readonly exchange: Exchange = (request, signal) => this.#exchange(request, signal);

  /** Resolves when the plugin is loaded, or cannot be. */
  get loaded(): Promise<void> {
    return this.#runner.settled;
  }

  /** Resolves when all that the plugin has given by now has been sent, or nobody reads it. */
  async flushed(): Promise<void> {
    await Promise.all([...this.#replying].map((call) => call.reply.flushed()));
  }

  /**
   * Answers a request.
   *
   * @throws {CallIdInUseError} When a call with this id is open.
   * @throws {BadBodyError} When the body is not what the endpoint takes.
   */
  reply(request: ReceivedRequest): FrameSource {
    if (isCallEndpoint(request.endpoint)) return this.#call(request, request.endpoint);
    if (request.endpoint === "cancel") checkCancel(request.body ?? {});
    // What is wrong with it is told before anything is answered.
    if (request.endpoint === "callback") return once(Promise.resolve(this.#answers.callback(request.body ?? {})));
    return once(this.#answer(request));
  }

  async *#exchange(request: WireRequest, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    const reply = this.reply(request);
    const abandon = () => reply.abandon();
    signal.addEventListener("abort", abandon, { once: true });
    if (signal.aborted) abandon();
    try {
      for await (const line of framesOf(reply)) {
        signal.throwIfAborted();
        yield parseLine(line);
      }
    } finally {
      signal.removeEventListener("abort", abandon);
      reply.leave();
      abandon();
    }
  }

  /** A request's body, checked and with its values decoded: what is wrong with it is told before the call is queued. */
  #order({ body = {}, json, callId, files, wantsLogs, trace, isPlain }: ReceivedRequest, endpoint: CallEndpoint): CallOrder {
    if (callId !== undefined && this.#open.has(callId)) throw new CallIdInUseError(`The call id "${callId}" is that of a call still open`);
    const decoded = decodeBody(endpoint, body);
    if (decoded.functions !== undefined && (isPlain || callId === undefined)) {
      throw new BadBodyError("Only a call with an id and a framed reply may have functions");
    }
    return { endpoint, ...decoded, text: json, callId: callId ?? crypto.randomUUID(), files, wantsLogs, trace };
  }

  #takeAnswer(body: Body): boolean {
    const answer = checkedAnswer(body);
    return this.#open.get(answer.call_id)?.answer(answer) ?? false;
  }

  #call(request: ReceivedRequest, endpoint: CallEndpoint): FrameSource {
    const { callId, inputs } = request;
    if (callId !== undefined && this.#open.wasCancelled(callId)) {
      inputs?.[Symbol.dispose]();
      return once(Promise.resolve(errorLine(cancelledBody())));
    }
    const call = new Call(this.#order(request, endpoint), inputs);
    this.#open.add(call);
    this.#replying.add(call);
    this.#active.add(call);
    void this.#serve(call);
    return { take: () => this.#take(call), leave: () => this.#leave(call), abandon: () => call.cancel() };
  }

  #leave(call: Call): void {
    this.#replying.delete(call);
    call.reply.leave();
  }

  async #take(call: Call): Promise<readonly FrameLine[]> {
    const lines = await call.reply.take();
    // The host may use the id again as soon as it has read the call's end, even while a cancelled plugin is still busy.
    if (lines.some(isLastLine)) this.#open.remove(call);
    return lines;
  }

  async #serve(call: Call): Promise<void> {
    try {
      if (this.#runner.state.status === "loading") await untilAborted(this.#runner.settled, call.cancellation.signal);
      if (this.#batches !== undefined && this.#isGathered(call.order)) return await this.#batches.add(call);
      this.#batches?.close();
      using _turn = await this.#admit(call);
      // One that was cancelled in the moment in which its turn came has been answered: nobody would stop its plugin any more.
      if (call.cancellation.isRequested) return;
      call.markRunning();
      this.#progress = call;
      call.end(await this.#runner.run(call.order, call, call.cancellation));
    } catch (thrown) {
      call.end(errorLine(failureBody(thrown)));
    } finally {
      call.letGoOfInputs();
      this.#active.delete(call);
      this.#finished++;
      this.#open.remove(call);
    }
  }

  /** Whether a call is one that runs with others: a plugin without a stream of its own gives its answer as one. */
  #isGathered({ endpoint }: CallOrder): boolean {
    const { ready } = this.#runner.state;
    return ready !== undefined && (endpoint === "execute" || (endpoint === "execute_stream" && !ready.methods.includes(endpoint)));
  }

  /** Waits until it is the call's turn. */
  async #admit(call: Call): Promise<Disposable> {
    return await (this.#turns.taken < this.#options.limits.max_concurrency
      ? this.#turns.acquire()
      : this.#turns.acquire(call.cancellation.signal));
  }

  async #answer({ endpoint, body = {} }: WireRequest): Promise<FrameLine> {
    if (isEndpoint(endpoint) && !isCallEndpoint(endpoint)) return await this.#answers[endpoint](body);
    return notSupported(endpoint);
  }

  #cancel({ call_id: callId, ahead, behind }: Body): CancelStatus {
    if (typeof callId !== "string") return this.#open.cancel(undefined);
    if (ahead === true && typeof behind === "string") return this.#open.cancelBehind(callId, behind);
    return ahead === true ? this.#open.cancelAhead(callId) : this.#open.cancel(callId);
  }

  async #ask(endpoint: QuestionEndpoint): Promise<FrameLine> {
    await this.#runner.settled;
    return await this.#runner.ask(endpoint);
  }

  async #ready(): Promise<FrameLine> {
    await this.#runner.settled;
    const { ready, failure } = this.#runner.state;
    return failure === undefined ? plainResultLine(ready) : errorLine(failure);
  }

  #health(): HealthBody {
    const { status, ready } = this.#runner.state;
    const { name, version } = ready ?? this.#options.plugin;
    return {
      status,
      pid: this.#options.pid,
      name,
      version,
      protocol: PROTOCOL_VERSION,
      max_concurrency: this.#options.limits.max_concurrency,
      batch: this.#options.limits.batch,
      calls: this.#counts(),
      features: this.#options.features ?? [],
    };
  }

  #counts(): HealthBody["calls"] {
    const open = [...this.#active].filter(({ hasEnded }) => !hasEnded);
    const running = open.filter(({ isRunning }) => isRunning).length;
    return { running, queued: open.length - running };
  }

  async #stats(): Promise<StatsBody> {
    const usage = await this.#options.usage();
    return {
      pid: this.#options.pid,
      ...usage,
      uptime_s: (performance.now() - this.#startedAt) / 1000,
      calls: { ...this.#counts(), finished: this.#finished },
    };
  }
}

function once(line: Promise<FrameLine>): FrameSource {
  return { take: async () => [await line], leave: () => {}, abandon: () => {} };
}

function checkedAnswer(body: Body): CallbackAnswer {
  try {
    return readAnswer(body);
  } catch (error) {
    throw new BadBodyError((error as Error).message);
  }
}

function notSupported(endpoint: string): FrameLine {
  return errorLine({ code: "not_supported", type: "NotSupported", message: `There is no "${endpoint}"`, traceback: "" });
}

/** A mistyped id must not be taken for none, which would cancel every call. */
function checkCancel({ call_id: callId, ahead, behind }: Body): void {
  if (callId !== undefined && callId !== null && typeof callId !== "string") throw new BadBodyError('"call_id" must be a string');
  if (behind !== undefined && behind !== null && typeof behind !== "string") throw new BadBodyError('"behind" must be a string');
  if (ahead !== undefined && typeof ahead !== "boolean") throw new BadBodyError('"ahead" must be true or false');
}
