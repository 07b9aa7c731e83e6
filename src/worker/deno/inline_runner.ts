/**
 * Runs a plugin's code in this thread.
 *
 * @module
 */
import type { ReadyBody } from "../../protocol/messages.ts";
import type { CallContext, Plugin } from "../define_plugin.ts";
import { cancelledBody, errorBody, failureBody, PluginFailure, shortened } from "./error_body.ts";
import { errorLine, type FrameLine, plainResultLine, valueLine, withoutTypes } from "./frame_line.ts";
import { isIterable, isIterator } from "./iterables.ts";
import type { LoadedPlugin } from "./load_plugin.ts";
import { Outbox, type Results } from "./outbox.ts";
import { inSpan } from "./plugin_span.ts";
import type { CallOrder, CallSink, PluginRunner, PluginState, QuestionEndpoint } from "./plugin_runner.ts";
import { signaturesOf } from "./signatures.ts";

/** A plugin in this thread. */
export class InlineRunner implements PluginRunner {
  readonly #plugin: Plugin;
  readonly #ready: ReadyBody;
  readonly #results: Results | undefined;
  readonly settled: Promise<void> = Promise.resolve();

  /** Takes a plugin that is loaded. Without a folder of results, all that it gives travels inside the JSON. */
  constructor({ plugin, ready }: LoadedPlugin, results?: Results) {
    this.#plugin = plugin;
    this.#ready = ready;
    this.#results = results;
  }

  get state(): PluginState {
    return { status: "running", ready: this.#ready };
  }

  async run(order: CallOrder, sink: CallSink, signal: AbortSignal): Promise<FrameLine> {
    if (signal.aborted) return errorLine(cancelledBody());
    const onAbort = () => this.#askToStop();
    signal.addEventListener("abort", onAbort, { once: true });
    const outbox = new Outbox(order.sharesFiles ? this.#results : undefined);
    try {
      return await inSpan(
        order,
        { plugin: this.#ready.name, signal },
        () => this.#dispatch(order, new Call(order, sink, { signal, outbox })),
      );
    } catch (thrown) {
      return errorLine(failureBody(thrown));
    } finally {
      signal.removeEventListener("abort", onAbort);
      await outbox.close();
    }
  }

  async ask(endpoint: QuestionEndpoint): Promise<FrameLine> {
    try {
      return withoutTypes(await valueLine("result", await this.#answer(endpoint) ?? {}, new Outbox(undefined)));
    } catch (thrown) {
      return errorLine(failureBody(thrown));
    }
  }

  #dispatch(order: CallOrder, call: Call): Promise<FrameLine> {
    switch (order.endpoint) {
      case "execute":
        return this.#execute(order, call);
      case "execute_stream":
        return this.#executeStream(order, call);
      default:
        return this.#manage(order, call.context);
    }
  }

  async #execute({ body }: CallOrder, call: Call): Promise<FrameLine> {
    if (this.#plugin.execute === undefined) throw notSupported("execute", "executeStream");
    const result: unknown = await this.#plugin.execute(kwargsOf(body), call.context);
    return await valueLine("result", isIterator(result) ? await call.collect(result) : result, call.outbox);
  }

  async #executeStream({ body }: CallOrder, call: Call): Promise<FrameLine> {
    if (this.#plugin.executeStream !== undefined) {
      const stream: unknown = await this.#plugin.executeStream(kwargsOf(body), call.context);
      if (!isIterable(stream)) throw new TypeError('"executeStream" must return an iterable, such as a generator does');
      await call.stream(stream);
    } else {
      const result: unknown = await this.#plugin.execute!(kwargsOf(body), call.context);
      await call.stream(isIterator(result) ? result : [result]);
    }
    return plainResultLine(null);
  }

  async #manage({ endpoint, body }: CallOrder, context: CallContext): Promise<FrameLine> {
    const plugin = this.#plugin;
    switch (endpoint) {
      case "initialize":
        if (plugin.initialize === undefined && Object.keys(body).length > 0) throw notSupported("initialize");
        await plugin.initialize?.(body, context);
        return plainResultLine({ status: "ok" });
      case "prefetch":
        if (plugin.prefetch === undefined) return plainResultLine({ status: "not_supported" });
        await plugin.prefetch(context);
        return plainResultLine({ status: "prefetched" });
      case "reconfigure":
        if (plugin.reconfigure === undefined) return plainResultLine({ status: "not_supported" });
        await plugin.reconfigure(record(body["old_config"]), record(body["new_config"]), context);
        return plainResultLine({ status: "reconfigured" });
      default:
        await plugin.cleanup?.(context);
        return plainResultLine({ status: "cleaned" });
    }
  }

  async #answer(endpoint: QuestionEndpoint): Promise<unknown> {
    const plugin = this.#plugin;
    if (endpoint === "signatures") return signaturesOf(plugin);
    if (endpoint === "config") return await plugin.getCurrentConfig?.();
    return plugin.getConfigSchema === undefined ? plugin.configSchema : await plugin.getConfigSchema();
  }

  async #askToStop(): Promise<void> {
    try {
      await this.#plugin.cancel?.();
    } catch {
      // The call ends as cancelled whatever its plugin's cancel() makes of it.
    }
  }
}

/** One call while it runs. */
class Call {
  readonly context: CallContext;
  readonly outbox: Outbox;
  readonly #sink: CallSink;
  readonly #signal: AbortSignal;

  constructor({ body, callId }: CallOrder, sink: CallSink, { signal, outbox }: { signal: AbortSignal; outbox: Outbox }) {
    this.outbox = outbox;
    this.#sink = sink;
    this.#signal = signal;
    const args = Array.isArray(body["args"]) ? body["args"] : [];
    const reportProgress = (progress: number, message = "") => sink.report(portion(progress), shortened(String(message)));
    this.context = { callId, args, signal, reportProgress };
  }

  /** Sends each item as a chunk. */
  async stream(items: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
    for await (const item of items) {
      if (this.#signal.aborted) return;
      await this.#sink.push(await valueLine("chunk", item, this.outbox));
      // Leaving the loop calls the iterator's return(), so that the plugin's "finally" runs before it would make another item.
      if (this.#signal.aborted) return;
    }
  }

  async collect(items: AsyncIterable<unknown> | Iterable<unknown>): Promise<unknown[]> {
    const list: unknown[] = [];
    for await (const item of items) {
      if (this.#signal.aborted) break;
      list.push(item);
    }
    return list;
  }
}

/** A report is a courtesy: one that makes no sense as a portion does not fail the call. */
function portion(progress: number): number {
  return typeof progress === "number" && progress >= 0 ? Math.min(progress, 1) : -1;
}

function kwargsOf(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return record(body["kwargs"]);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

function notSupported(missing: string, present?: string): PluginFailure {
  const advice = present === undefined ? "" : `. Call "${present}"`;
  return new PluginFailure(errorBody("not_supported", new NotSupportedError(`The plugin has no "${missing}"${advice}`)));
}

class NotSupportedError extends Error {
  override name = "NotSupportedError";
  // The plugin took no part in it.
  override stack = "";
}
