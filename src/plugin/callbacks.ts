/**
 * The host's end of callbacks, section 13 of `docs/protocol.md`: runs the functions that a call was given when its plugin calls them.
 *
 * @module
 */
import type { FileResult } from "../payload/file_result.ts";
import type { CallbackFrame } from "../protocol/frames.ts";
import { type CallbackBody, type GivenFunction, MAX_OPEN_CALLBACKS, nameOf } from "../protocol/functions.ts";
import { untilAborted } from "../protocol/until_aborted.ts";
import { BrokenReplyError, MalformedReplyError, RefusedError } from "../transport/errors.ts";
import { failureText, resultText } from "./callback_answer.ts";
import type { CallbackScope } from "./callback_scope.ts";
import type { Attempt, Call } from "./call.ts";
import { transportError } from "./failures.ts";
import { outcomeOf } from "./outcome.ts";
import { Reply } from "./reply.ts";
import { decodeFrame } from "./results.ts";
import { WrittenRequest } from "./written_request.ts";

/** How many errors of functions are kept, for the plugin's error may be made of one. */
const MAX_FAILURES = 64;

/** A callback that runs. */
interface OpenCallback {
  readonly attempt: Attempt;
  readonly frame: CallbackFrame;
  /** What it is called with; it throws what is wrong with that. */
  readonly body: () => CallbackBody;
  /** The files in that. They are there until the function has ended. */
  readonly files: readonly FileResult[];
}

/** The functions of one call, while it is open. */
export class Callbacks implements Disposable {
  readonly #functions: readonly GivenFunction[];
  readonly #call: Call;
  readonly #scope: CallbackScope;
  /** Those that run, by their ids, of the attempt that the call has now; and what holds its silence for each. */
  #open = new Map<number, Disposable | undefined>();
  #attempt: Attempt | undefined;
  /** What a worker had sent that is gone, and waits for no answer. */
  #lost: Reply | undefined;
  #failures = new Map<number, unknown>();
  #room: PromiseWithResolvers<void> | undefined;
  #isOver = false;

  /** Takes over what a call was given. */
  constructor(functions: readonly GivenFunction[], call: Call, scope: CallbackScope) {
    this.#functions = functions;
    this.#call = call;
    this.#scope = scope;
    call.onLoss = () => {
      this.#lost = call.attempt?.reply;
      this.#room?.resolve();
    };
  }

  /**
   * Runs a function, and answers the plugin when that has ended. Resolves when the call's next frame may be read.
   *
   * @throws {MalformedReplyError} When the plugin's worker may not call this.
   */
  async begin(frame: CallbackFrame): Promise<void> {
    const attempt = this.#call.attempt;
    if (attempt === undefined || attempt.reply === this.#lost) return;
    if (this.#attempt?.reply !== attempt.reply) this.#renew(attempt);
    const { id, function: number } = frame.callback;
    const given = this.#functions[number];
    if (given === undefined) throw new MalformedReplyError(`It called a function ${number}, which it was not given`);
    if (this.#open.has(id)) throw new MalformedReplyError(`It used the id ${id} of a callback that is open`);
    const files: FileResult[] = [];
    const body = this.#bodyOf(frame, files);
    this.#open.set(id, this.#call.holdSilence());
    void this.#run(given, { attempt, frame, body, files });
    if (this.#open.size < MAX_OPEN_CALLBACKS) return;
    this.#room = Promise.withResolvers();
    await untilAborted(this.#room.promise, this.#call.signal);
  }

  /** What a function threw; `undefined` where nothing is known of that. */
  failure(id: number | undefined): unknown {
    return id === undefined ? undefined : this.#failures.get(id);
  }

  /** The call has ended. What its functions give is thrown away. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#room?.resolve();
  }

  /** What the plugin is to be told is thrown when the body is asked for; a worker that breaks the protocol is found out at once. */
  #bodyOf(frame: CallbackFrame, files: FileResult[]): () => CallbackBody {
    const body = outcomeOf(() => {
      const { name, files: from } = this.#call;
      return decodeFrame(frame, { name, files: from, onFile: (file) => files.push(file) }) as CallbackBody;
    });
    if (frame.longInteger === undefined) body();
    return body;
  }

  /** What functions give that run for an attempt before is thrown away. */
  #renew(attempt: Attempt): void {
    this.#attempt = attempt;
    for (const silence of this.#open.values()) silence?.[Symbol.dispose]();
    this.#open = new Map();
    this.#failures = new Map();
  }

  async #run(given: GivenFunction, callback: OpenCallback): Promise<void> {
    const open = this.#open;
    const failures = this.#failures;
    const { id } = callback.frame.callback;
    const text = await this.#answer(given, callback, failures);
    if (!this.#isOver && open === this.#open) await this.#send(text, callback);
    open.get(id)?.[Symbol.dispose]();
    open.delete(id);
    this.#room?.resolve();
  }

  async #answer(
    given: GivenFunction,
    { frame: { callback: { id } }, body, files }: OpenCallback,
    failures: Map<number, unknown>,
  ): Promise<string> {
    const to = { callId: this.#call.id!, callback: id, name: nameOf(given) };
    try {
      const run = () => this.#scope.run(() => given(...argumentsOf(body())));
      return resultText(to, await (this.#call.trace?.callBack(to.name, run) ?? run()));
    } catch (error) {
      keepLatest(failures, id, error);
      return failureText(to, error);
    } finally {
      await Promise.allSettled(files.map((file) => file[Symbol.asyncDispose]()));
    }
  }

  /** A plugin that got no answer would wait for ever. */
  async #send(text: string, { attempt, frame: { callback: { id } } }: OpenCallback): Promise<void> {
    try {
      await answer(attempt, text);
    } catch (cause) {
      if (cause instanceof RefusedError) return await this.#refuse(attempt, { id, cause });
      // The end of its worker, if that is what it is, is told in its own way.
      if (this.#isOver || await attempt.worker.ending() !== undefined || this.#call.attempt?.reply !== attempt.reply) return;
      this.#giveUp(cause);
    }
  }

  async #refuse(attempt: Attempt, { id, cause }: { readonly id: number; readonly cause: unknown }): Promise<void> {
    const text = failureText({ callId: this.#call.id!, callback: id, name: "" }, cause);
    await answer(attempt, text).catch((error) => this.#giveUp(error));
  }

  #giveUp(error: unknown): void {
    this.#call.abandon(transportError(error, this.#call.name));
  }
}

async function answer({ worker }: Attempt, text: string): Promise<void> {
  const facts = { endpoint: "callback", callId: undefined, files: undefined, parts: undefined, wantsProgress: false } as const;
  const last = await new Reply(worker.send(new WrittenRequest({ ...facts, wantsLogs: false, trace: undefined }, text))).last();
  if ("error" in last) throw new BrokenReplyError(`The worker did not take the answer of a callback: ${last.error.message}`);
}

function keepLatest(failures: Map<number, unknown>, id: number, error: unknown): void {
  failures.set(id, error);
  const [oldest] = failures.keys();
  if (failures.size > MAX_FAILURES) failures.delete(oldest!);
}

/** Names come behind what has none, as a function of JavaScript takes options. */
function argumentsOf({ args, kwargs }: CallbackBody): readonly unknown[] {
  return Object.keys(kwargs).length === 0 ? args : [...args, kwargs];
}
