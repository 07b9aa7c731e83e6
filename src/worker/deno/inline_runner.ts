/**
 * Runs a plugin's code in this thread.
 *
 * @module
 */
import type { ReadyBody } from "../../protocol/messages.ts";
import type { Plugin } from "../define_plugin.ts";
import type { CallSink } from "./call_sink.ts";
import { askToStop, type Cancellation, cancelledBody } from "./cancelling.ts";
import { failureBody } from "./error_body.ts";
import { errorLine, type FrameLine, valueLine, withoutTypes } from "./frame_line.ts";
import type { LoadedPlugin } from "./load_plugin.ts";
import type { MethodNames } from "./methods.ts";
import { Outbox, type Results } from "./outbox.ts";
import { QUESTIONS, runOf } from "./plugin_endpoints.ts";
import { inSpan } from "./plugin_span.ts";
import type { CallOrder, PluginRunner, PluginState, QuestionEndpoint } from "./plugin_runner.ts";
import type { PrintedLines } from "./printed_lines.ts";
import { RunningCall } from "./running_call.ts";

/** What a plugin is run with. */
export interface InlineOptions {
  readonly results?: Results;
  readonly printed?: PrintedLines;
}

/** A plugin in this thread. */
export class InlineRunner implements PluginRunner {
  readonly #plugin: Plugin;
  readonly #ready: ReadyBody;
  readonly #methods: MethodNames;
  readonly #results: Results | undefined;
  readonly #printed: PrintedLines | undefined;
  readonly settled: Promise<void> = Promise.resolve();

  /** Takes a plugin that is loaded. Without a folder of results, all that it gives travels inside the JSON; without `printed` nobody is told its lines. */
  constructor({ plugin, ready, methods }: LoadedPlugin, { results, printed }: InlineOptions = {}) {
    this.#plugin = plugin;
    this.#ready = ready;
    this.#methods = methods;
    this.#results = results;
    this.#printed = printed;
  }

  get state(): PluginState {
    return { status: "running", ready: this.#ready };
  }

  async run(order: CallOrder, sink: CallSink, cancellation: Cancellation): Promise<FrameLine> {
    if (cancellation.isRequested) return errorLine(cancelledBody());
    let isOver = false;
    cancellation.onRequest(() => isOver || void askToStop(this.#plugin));
    const newOutbox = () => new Outbox(order.files === undefined ? undefined : this.#results, order.files);
    const outbox = newOutbox();
    order.functions?.begin({ sink, cancellation, newOutbox });
    const run = runOf(order.endpoint, this.#methods);
    const code = () => run(this.#plugin, new RunningCall(order, { sink, cancellation, outbox }));
    try {
      const inOwnSpan = () => inSpan(order, { plugin: this.#ready.name, cancellation }, code);
      return await (order.wantsLogs && this.#printed !== undefined ? this.#printed.run(order, sink, inOwnSpan) : inOwnSpan());
    } catch (thrown) {
      return errorLine(failureBody(thrown));
    } finally {
      isOver = true;
      order.functions?.end();
      await outbox.close();
    }
  }

  async ask(endpoint: QuestionEndpoint): Promise<FrameLine> {
    try {
      return withoutTypes(
        await valueLine("result", await QUESTIONS[endpoint].ask(this.#plugin, this.#methods) ?? {}, new Outbox(undefined)),
      );
    } catch (thrown) {
      return errorLine(failureBody(thrown));
    }
  }
}
