/**
 * Functions of the host's as the plugin has them, section 13 of `docs/protocol.md`.
 *
 * @module
 */
import type { CallbackAnswer } from "../../protocol/callback_answer.ts";
import { type CallbackBody, type FunctionReference, MAX_CALLBACK_BYTES, readFunction } from "../../protocol/functions.ts";
import { CallbackError } from "./callback_error.ts";
import type { CallSink } from "./call_sink.ts";
import type { Cancellation } from "./cancelling.ts";
import { PluginFailure } from "./error_body.ts";
import { lengthOf, valueLine } from "./frame_line.ts";
import type { Outbox } from "./outbox.ts";

/** What a call runs with, as far as its functions have to know. */
interface StandInParts {
  readonly sink: CallSink;
  readonly cancellation: Cancellation;
  /** Makes what hands over the files of one callback. */
  readonly newOutbox: () => Outbox;
}

/** The functions of one call. Nobody can call them before the call has begun, nor after its end. */
export class StandIns {
  readonly #functions = new Map<number, (...args: unknown[]) => Promise<unknown>>();
  readonly #waiting = new Map<number, PromiseWithResolvers<CallbackAnswer>>();
  #parts: StandInParts | undefined;
  /** Callbacks go to the host one after the other, so that few are on their way. */
  #sending: Promise<void> = Promise.resolve();
  #lastId = 0;

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#functions.size === 0;
  }

  /** Makes the function that stands in a place of the arguments. */
  make(raw: unknown, pointer: string): (...args: unknown[]) => Promise<unknown> {
    const reference = readFunction(raw);
    if (reference === undefined) throw new TypeError(`"types" names "${pointer}", where no function is`);
    const known = this.#functions.get(reference.function);
    if (known !== undefined) return known;
    const made = (...args: unknown[]) => this.#call(reference, args);
    Object.defineProperty(made, "name", { value: reference.name });
    this.#functions.set(reference.function, made);
    return made;
  }

  /** The call has begun. */
  begin(parts: StandInParts): void {
    this.#parts = parts;
    parts.sink.answers.listen((answer) => this.#answer(answer));
    parts.cancellation.onRequest(() => this.#rejectAll(() => parts.cancellation.signal.reason));
  }

  /** The call has ended. */
  end(): void {
    this.#parts = undefined;
    this.#rejectAll(() => ended("The call that has brought this function has ended"));
  }

  async #call({ function: number, name }: FunctionReference, args: unknown[]): Promise<unknown> {
    const parts = this.#parts;
    if (parts === undefined) throw ended(`Cannot call "${name}": the call that has brought it has ended`);
    parts.cancellation.signal.throwIfAborted();
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<CallbackAnswer>();
    this.#waiting.set(id, waiting);
    waiting.promise.catch(() => {}); // Whoever has called gets it below.
    try {
      await this.#send({ id, function: number, args, kwargs: {} }, { name, ...parts });
      const answer = await waiting.promise;
      // It is made here, where its stack leads to whoever has called.
      if ("error" in answer) throw new CallbackError(answer.error, id);
      return answer.result;
    } finally {
      this.#waiting.delete(id);
    }
  }

  async #send(body: CallbackBody, { name, sink, newOutbox }: StandInParts & { readonly name: string }): Promise<void> {
    const outbox = newOutbox();
    try {
      const line = await valueLine("callback", body, outbox);
      if (lengthOf(line) > MAX_CALLBACK_BYTES / 3 && new TextEncoder().encode(line.text).length > MAX_CALLBACK_BYTES) {
        throw new RangeError(
          `Cannot call "${name}": The callback is longer than ${MAX_CALLBACK_BYTES} bytes as JSON; give a large value as bytes`,
        );
      }
      await (this.#sending = this.#sending.then(() => sink.push({ ...line, callback: body.id })));
    } catch (error) {
      // What cannot be sent is the mistake of whoever calls, and no result.
      throw error instanceof PluginFailure ? new TypeError(`Cannot call "${name}": ${error.message}`) : error;
    } finally {
      await outbox.close();
    }
  }

  #answer(answer: CallbackAnswer): void {
    this.#waiting.get(answer.callback)?.resolve(answer);
  }

  #rejectAll(why: () => unknown): void {
    for (const { reject } of this.#waiting.values()) reject(why());
  }
}

function ended(message: string): CallbackError {
  return new CallbackError({ type: "CallEndedError", message, traceback: "" });
}
