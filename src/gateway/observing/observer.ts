/**
 * Who is told of the calls of a gateway: its metrics, its access log.
 *
 * @module
 */
import type { RequestEndpoint } from "../../protocol/endpoints.ts";

/** A call that a client has made. */
export interface ObservedCall {
  /** The name of the plugin that is called, without a version, however the client names it. */
  readonly plugin: string;
  /** The version that is called. */
  readonly version: string;
  /** What is asked of it. */
  readonly endpoint: RequestEndpoint;
  /** The call's id, when the client has given it one. */
  readonly callId: string | undefined;
  /** Whose call it is, for example `caller 1`: the role and the number of the token. */
  readonly client: string;
  /** The address from which the connection came, where the server tells it. Behind a proxy it is the proxy's. */
  readonly remote?: string;
  /** The trace that the call belongs to, as W3C Trace Context writes it. */
  readonly traceparent: string | undefined;
  /** When it began. */
  readonly startedAt: Date;
}

/** How a call has ended. */
export interface CallOutcome {
  /** The status of HTTP that the client was given. A framed reply has 200 also where its last frame is an error. */
  readonly status: number;
  /** Why it failed, for example `plugin_error`; `undefined` when it did not. */
  readonly code: string | undefined;
  /** How long it took to the last byte, in milliseconds. */
  readonly durationMs: number;
  /** How long the body of the request was, in bytes. */
  readonly bytesIn: number;
  /** How long the body of the reply was, in bytes. */
  readonly bytesOut: number;
  /** How many chunks it gave. */
  readonly chunks: number;
}

/** Is told of every call as it begins and as it ends, in the gateway's own time: it must not take long, nor throw. */
export interface CallObserver {
  /** A call has begun. */
  opened(call: ObservedCall): void;
  /** It has ended; its client has the last byte, or has gone. */
  ended(call: ObservedCall, outcome: CallOutcome): void;
}

/** Tells all observers of one call. */
export class CallReport {
  readonly #call: ObservedCall;
  readonly #observers: readonly CallObserver[];
  readonly #startedMs = performance.now();
  readonly #bytesIn: number;
  #bytesOut = 0;
  #chunks = 0;
  #code: string | undefined;
  #status = 200;
  #isEnded = false;

  /** Tells that a call has begun. */
  constructor(call: ObservedCall, observers: readonly CallObserver[], { bytesIn }: Pick<CallOutcome, "bytesIn">) {
    this.#call = call;
    this.#observers = observers;
    this.#bytesIn = bytesIn;
    for (const observer of observers) observer.opened(call);
  }

  /** One more chunk was given. */
  chunk(): void {
    this.#chunks += 1;
  }

  /** So many more bytes were given. */
  sent(bytes: number): void {
    this.#bytesOut += bytes;
  }

  /** The call failed. */
  failed(code: string): void {
    this.#code = code;
  }

  /** The status that the client is given. */
  answered(status: number): void {
    this.#status = status;
  }

  /** Tells that the call has ended, once. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const durationMs = performance.now() - this.#startedMs;
    const outcome = { status: this.#status, code: this.#code, durationMs, bytesIn: this.#bytesIn, bytesOut: this.#bytesOut };
    for (const observer of this.#observers) observer.ended(this.#call, { ...outcome, chunks: this.#chunks });
  }
}
