/**
 * Runs a plugin's code in this thread.
 *
 * @module
 */
import type { ReadyBody } from "../../protocol/messages.ts";
import type { Plugin } from "../define_plugin.ts";
import { askToStop, type Cancellation, cancelledBody } from "./cancelling.ts";
import { failureBody } from "./error_body.ts";
import { errorLine, type FrameLine, valueLine, withoutTypes } from "./frame_line.ts";
import type { LoadedPlugin } from "./load_plugin.ts";
import type { MethodNames } from "./methods.ts";
import { Outbox, type Results } from "./outbox.ts";
import { answerLine, executeBatch, QUESTIONS, runOf } from "./plugin_endpoints.ts";
import { inSpan } from "./plugin_span.ts";
import type { CallOrder, CallSink, GatheredCall, PluginRunner, PluginState, QuestionEndpoint } from "./plugin_runner.ts";
import { RunningCall } from "./running_call.ts";

/** A plugin in this thread. */
export class InlineRunner implements PluginRunner {
  readonly #plugin: Plugin;
  readonly #ready: ReadyBody;
  readonly #methods: MethodNames;
  readonly #results: Results | undefined;
  readonly settled: Promise<void> = Promise.resolve();

  /** Takes a plugin that is loaded. Without a folder of results, all that it gives travels inside the JSON. */
  constructor({ plugin, ready, methods }: LoadedPlugin, results?: Results) {
    this.#plugin = plugin;
    this.#ready = ready;
    this.#methods = methods;
    this.#results = results;
  }

  get state(): PluginState {
    return { status: "running", ready: this.#ready };
  }

  async run(order: CallOrder, sink: CallSink, cancellation: Cancellation): Promise<FrameLine> {
    if (cancellation.isRequested) return errorLine(cancelledBody());
    let isOver = false;
    cancellation.onRequest(() => isOver || void askToStop(this.#plugin));
    const call = this.#begin({ order, sink, cancellation });
    return await this.#lastLine({ order, cancellation }, call, async () => {
      try {
        return await runOf(order.endpoint, this.#methods)(this.#plugin, call);
      } finally {
        isOver = true;
      }
    });
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
    const outbox = new Outbox(order.files === undefined ? undefined : this.#results, order.files);
    return new RunningCall(order, { sink, cancellation, outbox });
  }

  async #lastLine(
    { order, cancellation, batchSize }: Omit<GatheredCall, "sink"> & { readonly batchSize?: number },
    { outbox }: RunningCall,
    code: () => Promise<FrameLine>,
  ): Promise<FrameLine> {
    try {
      return await inSpan(order, { plugin: this.#ready.name, cancellation, batchSize }, code);
    } catch (thrown) {
      return errorLine(failureBody(thrown));
    } finally {
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
