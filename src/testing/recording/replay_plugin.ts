/**
 * Answers calls from a recording.
 *
 * @module
 */
import { PluginError } from "../../errors.ts";
import { MEMBERS } from "../../plugin/members.ts";
import { RemotePluginProxy } from "../../plugin/proxy.ts";
import type { Exchange, WireRequest } from "../../protocol/exchange.ts";
import type { Frame } from "../../protocol/frames.ts";
import { PARTS_FEATURE } from "../../protocol/parts.ts";
import { messageOf } from "../../protocol/text.ts";
import { pause } from "../../protocol/timer.ts";
import { decodeValue, FILE_TYPE } from "../../protocol/decode_value.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import { replayedError } from "./errors.ts";
import { bytesOf, hashOf } from "./files.ts";
import { fileAt, invalid, readRecording, type RecordedCall, type RecordedFile, type RecordedFrame, type Recording } from "./format.ts";
import { type CallIdentity, KnownCalls } from "./known_calls.ts";

/** How a recording is replayed. */
export interface ReplayOptions {
  /** How many times as fast as it was recorded; `Infinity` waits for nothing. Default: 1. */
  readonly speed?: number;
  /** The version of the plugin that the recording has to be of. Default: any. */
  readonly version?: string;
}

/** Calls go on at once as they did when they were recorded. */
const MOST_CALLS = 1_000;

/** What is answered well where nothing was recorded of it. */
const HARMLESS: ReadonlySet<string> = new Set(["initialize", "reconfigure", "prefetch"]);

/**
 * A plugin that answers from a recording: the same progress, chunks, results and errors at the same times. It needs only permission to read the recording.
 *
 * A call that was recorded several times is answered in that order, and then as the last time. A call that its caller had given up is not answered.
 *
 * @param path What `recordPlugin` has written.
 * @throws {PluginError} With the code `invalid_recording`, when it is none, of another version of the format, or not of the plugin's `version`. A call that was
 * never recorded is a `CallError` with the code `not_recorded`, which tells the nearest one.
 *
 * @example
 * ```ts no-eval
 * import { replayPlugin } from "@remote-plugin/proxy/testing";
 *
 * await using plugin = await replayPlugin("talk.json", { speed: Infinity });
 * console.log(await plugin.execute({ audio: new URL("./talk.wav", import.meta.url) }));
 * ```
 */
export async function replayPlugin(path: string, { speed = 1, version }: ReplayOptions = {}): Promise<RemotePluginProxy> {
  if (!(speed > 0)) throw new RangeError(`Cannot replay "${path}": "speed" is a number above 0, not ${speed}`);
  const recording = await readRecording(path);
  const { name, version: recorded } = recording.plugin;
  if (version !== undefined && version !== recorded) {
    throw invalid(path, `it is of "${name}" ${recorded}, and ${version} is wanted. Record it again`);
  }
  return await RemotePluginProxy.attach({ exchange: new ReplayWorker(path, recording, speed).exchange });
}

class ReplayWorker {
  readonly #path: string;
  readonly #recording: Recording;
  readonly #speed: number;
  readonly #calls: KnownCalls;
  /** What ends a call that goes on, by its id. */
  readonly #open = new Map<string, AbortController>();
  #finished = 0;

  constructor(path: string, recording: Recording, speed: number) {
    this.#path = path;
    this.#recording = recording;
    this.#speed = speed;
    this.#calls = new KnownCalls(path, recording.plugin.name, recording.calls);
  }

  readonly exchange: Exchange = (request, signal) => this.#exchange(request, signal);

  async *#exchange(request: WireRequest, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    const member = memberOf(request);
    if (member === undefined || HARMLESS.has(member.member) && !this.#calls.has(member.member)) yield { result: this.#answer(request) };
    else yield* this.#replay(await identityOf(request, member), { request, signal });
  }

  #answer({ endpoint, body }: WireRequest): unknown {
    const { plugin: { name, version }, signatures, config_schema } = this.#recording;
    const calls = { running: this.#open.size, queued: 0 };
    switch (endpoint) {
      case "ready":
        return { name, version, methods: ["execute", "execute_stream"] };
      case "health":
        return {
          status: "running",
          pid: 0,
          name,
          version,
          protocol: PROTOCOL_VERSION,
          max_concurrency: MOST_CALLS,
          calls,
          features: [PARTS_FEATURE],
        };
      case "stats":
        return { pid: 0, cpu_percent: 0, memory_rss_mb: 0, uptime_s: 0, calls: { ...calls, finished: this.#finished } };
      case "progress":
        return { progress: 0, message: "" };
      case "signatures":
        return signatures ?? {};
      case "config_schema":
        return config_schema ?? {};
      case "cancel":
        return { status: this.#cancel(body?.call_id) ? "cancelled" : "not_running" };
      case "prefetch":
        return { status: "prefetched" };
      case "reconfigure":
        return { status: "reconfigured" };
      default:
        return endpoint === "config" ? {} : { status: "ok" };
    }
  }

  #cancel(callId: unknown): boolean {
    const ended = [...this.#open].filter(([id]) => callId === undefined || id === callId);
    for (const [, call] of ended) call.abort();
    return ended.length > 0;
  }

  async *#replay(
    made: CallIdentity,
    { request, signal }: { request: WireRequest; signal: AbortSignal },
  ): AsyncGenerator<Frame, void, void> {
    const call = this.#calls.take(made);
    const id = request.callId ?? crypto.randomUUID();
    const cancelled = new AbortController();
    this.#open.set(id, cancelled);
    try {
      yield* this.#frames(call, AbortSignal.any([signal, cancelled.signal]));
    } catch (error) {
      if (!cancelled.signal.aborted || signal.aborted) throw error;
      yield { error: { code: "cancelled", type: "CallCancelled", message: "The call was cancelled", traceback: "" } };
    } finally {
      this.#open.delete(id);
      this.#finished++;
    }
  }

  async *#frames({ frames }: RecordedCall, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    const began = performance.now();
    for (const frame of frames) {
      const leftMs = frame.at_ms / this.#speed - (performance.now() - began);
      if (leftMs > 0) await pause(leftMs, signal);
      if ("error" in frame) throw replayedError(frame.error, this.#recording.plugin.name);
      yield await this.#frame(frame).catch((cause) => explain(cause, this.#path));
    }
    // Its caller had given it up, and nobody knows what would have come.
    if (frames.length === 0 || !("result" in frames.at(-1)!)) await pause(Infinity, signal);
  }

  async #frame(frame: Exclude<RecordedFrame, { error: unknown }>): Promise<Frame> {
    if ("progress" in frame) return { progress: frame.progress, message: frame.message };
    const kind = "chunk" in frame ? "chunk" : "result";
    const [value, types] = [structuredClone(frame[kind as keyof typeof frame] as unknown), frame.types];
    const files: RecordedFile[] = [];
    const inPlace = (raw: unknown, at: string) => {
      const file = fileAt(raw, at);
      return { part: files.push(file) - 1, size: file.size, media_type: file.media_type };
    };
    const places = Object.fromEntries(Object.entries(types ?? {}).filter(([, type]) => type === FILE_TYPE));
    const filled = decodeValue(value, places, { file: inPlace });
    decodeValue(structuredClone(filled), types, { file: (raw) => raw }); // What is wrong with them is not the fault of a worker.
    const parts = await Promise.all(files.map((file) => bytesOf(this.#path, file)));
    return { [kind]: filled, types, parts } as unknown as Frame;
  }
}

/** What somebody has written into a recording by hand may be anything. */
function explain(cause: unknown, path: string): never {
  throw cause instanceof PluginError ? cause : invalid(path, messageOf(cause), { cause });
}

/** The member that makes such a request; `undefined` for a question. */
function memberOf({ endpoint }: WireRequest): Pick<CallIdentity, "member" | "method"> | undefined {
  const [kind, method] = String(endpoint).split("/", 2);
  if (method !== undefined) return { member: kind!, method: decodeURIComponent(method) };
  const found = Object.entries(MEMBERS).find(([, rule]) => rule.endpoint === endpoint)?.[0];
  return found === "execute" || found === "executeStream" || found !== undefined && HARMLESS.has(found) ? { member: found } : undefined;
}

async function identityOf(
  { endpoint, body = {}, parts = [] }: WireRequest,
  member: Pick<CallIdentity, "member" | "method">,
): Promise<CallIdentity> {
  const files: CallIdentity["files"][number][] = [];
  for (const { at, bytes } of parts) files.push({ at: placeOf(endpoint, at), ...await hashOf(bytes) });
  return { ...member, arguments: argumentsOf(endpoint, body), files };
}

/** A configuration is recorded as arguments by name. */
function argumentsOf(endpoint: WireRequest["endpoint"], body: NonNullable<WireRequest["body"]>): RecordedCall["arguments"] {
  if (endpoint === "initialize") return { args: [], kwargs: { ...body } };
  if (endpoint === "reconfigure") return { args: [], kwargs: { ...body.new_config as Record<string, unknown> } };
  const { args = [], kwargs = {}, types } = body as Partial<RecordedCall["arguments"]>;
  return { args, kwargs, ...types && { types } };
}

function placeOf(endpoint: WireRequest["endpoint"], at: string): string {
  if (endpoint === "initialize") return `/kwargs${at}`;
  return endpoint === "reconfigure" ? at.replace(/^\/new_config/, "/kwargs") : at;
}
