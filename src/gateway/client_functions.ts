/**
 * Functions that a client has given, which the client runs: section 13 of `docs/protocol.md`.
 *
 * @module
 */
import type { CallbackAnswer, FunctionError } from "../protocol/callback_answer.ts";
import { type CallbackBody, type GivenFunction, readFunction } from "../protocol/functions.ts";

/** A client's function has failed. It has the name and the stack of the error there. */
export class ClientFunctionError extends Error {
  /** Which callback of its call it was. */
  readonly callback: number;
  /** What the error says of itself. */
  readonly category: string | undefined;
  /** Whether the same call may succeed later. */
  readonly retriable: boolean | undefined;

  /** Makes it of what the client says. */
  constructor(callback: number, { type, message, traceback, category, retriable }: FunctionError) {
    super(message);
    this.name = type;
    this.stack = traceback;
    this.callback = callback;
    this.category = category;
    this.retriable = retriable;
  }
}

/** Has the client run a function. Resolves when it was told. */
type AskClient = (callback: CallbackBody) => Promise<void>;

/** The functions of one call. */
export class ClientFunctions {
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  #askClient: AskClient | undefined;

  /**
   * Makes the function that stands in a place of the body.
   *
   * @throws {TypeError} When no function stands there.
   */
  make(raw: unknown, pointer: string): GivenFunction {
    const reference = readFunction(raw);
    if (reference === undefined) throw new TypeError(`"types" names "${pointer}", where no function is`);
    const run = (...args: unknown[]) => this.#run(reference.function, args);
    return Object.defineProperty(run, "name", { value: reference.name });
  }

  /** The call has begun. */
  begin(askClient: AskClient): void {
    this.#askClient = askClient;
  }

  /** Takes what a function gave; tells whether anybody waits for that. */
  answer(answer: CallbackAnswer): boolean {
    const waiting = this.#waiting.get(answer.callback);
    this.#waiting.delete(answer.callback);
    if ("error" in answer) waiting?.reject(new ClientFunctionError(answer.callback, answer.error));
    else waiting?.resolve(answer.result);
    return waiting !== undefined;
  }

  /** The call has ended: its client runs nothing more. */
  end(): void {
    this.#askClient = undefined;
    for (const { reject } of this.#waiting.values()) reject(new Error("The client has left the call"));
    this.#waiting.clear();
  }

  async #run(number: number, args: readonly unknown[]): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    answer.promise.catch(() => {}); // Whoever has called gets it below.
    this.#waiting.set(id, answer);
    try {
      await this.#askClient?.({ id, function: number, args, kwargs: {} });
      return await answer.promise;
    } finally {
      this.#waiting.delete(id);
    }
  }
}
