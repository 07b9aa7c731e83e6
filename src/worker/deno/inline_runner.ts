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
import { answerLine, executeBatch, QUESTIONS, runOf } from "./plugin_endpoints.ts";
import { inSpan } from "./plugin_span.ts";
import type { CallOrder, GatheredCall, PluginRunner, PluginState, QuestionEndpoint } from "./plugin_runner.ts";
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

  run(order: CallOrder, sink: CallSink, cancellation: Cancellation): Promise<FrameLine> {
    if (cancellation.isRequested) return Promise.resolve(errorLine(cancelledBody()));
    const call = this.#begin({ order, sink, cancellation });
    cancellation.onRequest(() => call.isOver || void askToStop(this.#plugin));
    const line = () => this.#lastLine({ order, cancellation }, call, () => runOf(order.endpoint, this.#methods)(this.#plugin, call));
    return order.wantsLogs && this.#printed !== undefined ? this.#printed.run(order, sink, line) : line();
  }

  runTogether(gathered: readonly GatheredCall[]): readonly Promise<FrameLine>[] {
    const calls = gathered.map((one) => this.#begin(one));
    let isOver = false;
    let open = gathered.length;
    for (const { cancellation } of gathered) cancellation.onRequest(() => --open > 0 || isOver || void askToStop(this.#plugin));
    let answers: Promise<readonly unknown[]> | undefined;
    // The first one that is asked for them makes them, so that what the plugin traces is below its span.
    const answer = () => answers ??= executeBatch(this.#plugin, calls).finally(() => isOver = true);
    return gathered.map((one, index) => {
      const call = calls[index]!;
      return this.#lastLine(
        { ...one, batchSize: calls.length },
        call,
        async () => await answerLine((await answer())[index], one.order, call),
      );
    });
  }

  #begin({ order, sink, cancellation }: GatheredCall): RunningCall {
    const newOutbox = () => new Outbox(order.files === undefined ? undefined : this.#results, order.files);
    const outbox = newOutbox();
    order.functions?.begin({ sink, cancellation, newOutbox });
    return new RunningCall(order, { sink, cancellation, outbox });
  }

  async #lastLine(
    { order, cancellation, batchSize }: Omit<GatheredCall, "sink"> & { readonly batchSize?: number },
    call: RunningCall,
    code: () => Promise<FrameLine>,
  ): Promise<FrameLine> {
    try {
      return await inSpan(order, { plugin: this.#ready.name, cancellation, batchSize }, code);
    } catch (thrown) {
      return errorLine(failureBody(thrown));
    } finally {
      call.isOver = true;
      order.functions?.end();
      await call.outbox.close();
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
