/**
 * A call while its plugin's code runs.
 *
 * @module
 */
import type { CallContext } from "../define_plugin.ts";
import type { CallSink } from "./call_sink.ts";
import type { Cancellation } from "./cancelling.ts";
import { shortened } from "./error_body.ts";
import { valueLine } from "./frame_line.ts";
import type { Items } from "./iterables.ts";
import type { Outbox } from "./outbox.ts";
import type { CallOrder } from "./plugin_runner.ts";

/** What a call is run with. */
export interface RunningCallParts {
  readonly sink: CallSink;
  readonly cancellation: Cancellation;
  readonly outbox: Outbox;
}

/** A call that runs. */
export class RunningCall {
  /** The request's body, decoded. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly context: CallContext;
  readonly outbox: Outbox;
  /** Whether the plugin's code has come to rest. */
  isOver = false;
  readonly #sink: CallSink;
  readonly #cancellation: Cancellation;

  /** Begins it. */
  constructor({ body, callId }: CallOrder, { sink, cancellation, outbox }: RunningCallParts) {
    this.body = body;
    this.outbox = outbox;
    this.#sink = sink;
    this.#cancellation = cancellation;
    const args = Array.isArray(body["args"]) ? body["args"] : [];
    const reportProgress = (progress: number, message = "") => sink.report(portion(progress), shortened(String(message)));
    this.context = new Context({ callId, args, reportProgress }, cancellation);
  }

  /** Sends each item as a chunk. */
  async stream(items: Items): Promise<void> {
    for await (const item of items) {
      if (this.#cancellation.isRequested) return;
      await this.#sink.push(await valueLine("chunk", item, this.outbox));
      // Leaving the loop calls the iterator's return(), so that the plugin's "finally" runs before it would make another item.
      if (this.#cancellation.isRequested) return;
    }
  }

  /** The items as a list; those that there are by then, when the call is cancelled. */
  async collect(items: Items): Promise<unknown[]> {
    const list: unknown[] = [];
    for await (const item of items) {
      if (this.#cancellation.isRequested) break;
      list.push(item);
    }
    return list;
  }
}

/** What a plugin's method is given. Its signal is made when the plugin looks at it. */
class Context implements CallContext {
  readonly callId: string;
  readonly args: readonly unknown[];
  declare readonly signal: AbortSignal;
  readonly reportProgress: CallContext["reportProgress"];
  readonly #cancellation: Cancellation;

  constructor({ callId, args, reportProgress }: Omit<CallContext, "signal">, cancellation: Cancellation) {
    this.callId = callId;
    this.args = args;
    this.reportProgress = reportProgress;
    this.#cancellation = cancellation;
    Object.defineProperty(this, "signal", Context.#SIGNAL);
  }

  /** A member of each context, for a plugin may copy them. One getter serves all: the runtime makes a class of objects for each getter, and keeps it long. */
  static readonly #SIGNAL: PropertyDescriptor & ThisType<Context> = {
    enumerable: true,
    get(): AbortSignal {
      return this.#cancellation.signal;
    },
  };
}

/** A report is a courtesy: one that makes no sense as a portion does not fail the call. */
function portion(progress: number): number {
  return typeof progress === "number" && progress >= 0 ? Math.min(progress, 1) : -1;
}
