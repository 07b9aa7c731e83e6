/**
 * Waits for a worker to say hello.
 *
 * @module
 */
import type { WorkerStartError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { Address } from "../protocol/address.ts";
import type { ErrorBody, HelloMessage, StartMessage } from "../protocol/messages.ts";
import { boundsError } from "./kernel_bounds.ts";
import { type HelloLine, readHello } from "./hello.ts";
import type { RunningChild } from "./running_child.ts";
import { startError } from "./start_failure.ts";

/** What a worker's hello is waited for with. */
export interface HelloRequest {
  /** What the worker was told. */
  readonly start: Pick<StartMessage, "listen" | "bounds">;
  /** Aborting it gives up the wait. */
  readonly signal: AbortSignal;
}

/**
 * What the worker says of itself. From then on its output is log text.
 *
 * @throws {WorkerStartError} When it ends first, cannot start, or says what no worker may say.
 */
export async function awaitHello(spec: PluginSpec, running: RunningChild, { start, signal }: HelloRequest): Promise<HelloMessage> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    const hello = await Promise.race([helloLine(spec, running, start.listen), aborted.promise]);
    running.logStdout(hello.rest, { saysFarewell: "features" in hello.message && hello.message.features.includes("farewell") });
    if ("error" in hello.message) throw refusal(spec, hello.message.error, running.log.tail);
    if (start.bounds?.hold && hello.message.bounds === undefined) throw boundsError(spec, UNBOUND);
    return hello.message;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw startError(spec, "handshake", error.message, { output: running.log.tail, cause: error });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

const UNBOUND = "its worker says nothing of the bounds that it was told to keep";

function refusal(spec: PluginSpec, { code, message }: ErrorBody, output: string): WorkerStartError {
  return startError(spec, code === "bounds" ? "bounds" : "handshake", message, { output });
}

async function helloLine(spec: PluginSpec, running: RunningChild, listen: Address): Promise<HelloLine> {
  const hello = await readHello(running.stdout, { listen, onOther: (line) => running.log.add("stdout", line) });
  if (hello === undefined) throw await endedTooEarly(spec, running);
  return hello;
}

async function endedTooEarly(spec: PluginSpec, running: RunningChild): Promise<WorkerStartError> {
  const { code, signal } = await running.exited;
  const how = signal === null ? `exit code ${code}` : signal;
  const output = running.log.tail;
  const said = output === "" ? "It printed nothing" : `It printed: ${output}`;
  return startError(spec, "handshake", `the worker ended with ${how} before it was ready. ${said}`, { exitCode: code, signal, output });
}
