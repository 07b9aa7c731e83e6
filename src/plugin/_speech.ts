/**
 * How to talk to a worker: by frames, or, with a worker of the original, by its plain bodies.
 *
 * @module
 */
import type { WorkerProcess } from "../process/worker_process.ts";
import type { Exchange } from "../protocol/exchange.ts";
import { FRAMES_MEDIA_TYPE, type HelloMessage } from "../protocol/messages.ts";
import { BrokenReplyError, MalformedReplyError } from "../transport/errors.ts";
import type { HttpTransport } from "../transport/http.ts";
import { OriginalDialect } from "../transport/original.ts";

/** An exchange, and what has to be let go of with it. */
export interface Speech extends Disposable {
  /** Answers requests by frames. */
  readonly exchange: Exchange;
}

/** The way to talk to a worker that said hello. */
export function speechOf({ features }: HelloMessage, transport: HttpTransport, maxConcurrency: number): Speech {
  if (!features.includes("original")) return { exchange: transport.exchange, [Symbol.dispose]: () => {} };
  return original(transport, { maxConcurrency, jobErrors: features.includes("job_error") });
}

/** The way to talk to a worker that something else runs. The original's tells no version of the protocol. */
export async function recognizeSpeech(transport: HttpTransport, signal: AbortSignal): Promise<Speech> {
  const response = await transport.send({ endpoint: "health" }, signal);
  const plain = response.ok && response.headers.get("content-type") !== FRAMES_MEDIA_TYPE;
  const health = plain ? await response.json().catch(() => undefined) : await response.body?.cancel();
  // How many calls it takes at once it does not tell; most models are not thread-safe.
  if (isOriginalHealth(health)) return original(transport, { maxConcurrency: 1, jobErrors: true });
  return { exchange: transport.exchange, [Symbol.dispose]: () => {} };
}

function original(transport: HttpTransport, options: { maxConcurrency: number; jobErrors: boolean }): Speech {
  return new OriginalDialect((request, signal) => transport.send(request, signal), options);
}

function isOriginalHealth(body: unknown): boolean {
  return typeof body === "object" && body !== null && "pid" in body && "status" in body && "name" in body && !("protocol" in body);
}

/**
 * Whether a worker that was given a port's number got it: another program may have been faster. Waits until somebody answers there, or the worker
 * has ended.
 */
export async function holdsItsPort(worker: WorkerProcess, exchange: Exchange, signal: AbortSignal): Promise<boolean> {
  for (let patience = 5;; patience = Math.min(2 * patience, 100)) {
    const answered = await whoAnswers(exchange, signal);
    if (answered !== undefined) return answered === worker.hello.pid;
    if (await worker.endedWithin(patience) !== undefined) return !/address already in use/i.test(worker.log.tail);
    signal.throwIfAborted();
  }
}

async function whoAnswers(exchange: Exchange, signal: AbortSignal): Promise<unknown> {
  try {
    for await (const frame of exchange({ endpoint: "health" }, signal)) {
      if ("result" in frame) return (frame.result as Record<string, unknown> | null)?.pid ?? "a stranger";
    }
    return "a stranger";
  } catch (error) {
    if (error instanceof BrokenReplyError) return undefined;
    if (error instanceof MalformedReplyError) return "a stranger";
    throw error;
  }
}
