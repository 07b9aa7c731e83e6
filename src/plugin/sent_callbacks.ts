/**
 * Callbacks on their way between a blocking proxy and its thread: the thread has the plugin, and the proxy's own thread runs the functions.
 *
 * @module
 */
import { decodeValue } from "../protocol/decode_value.ts";
import type { ValueTypes } from "../protocol/frames.ts";
import { type GivenFunction, nameOf } from "../protocol/functions.ts";
import { fillSlot } from "../protocol/values.ts";
import type { Told } from "../transport/blocking/bridge.ts";
import type { BridgeControl } from "../transport/blocking/server.ts";
import { bytesIn, encodeGiven } from "./callback_answer.ts";
import type { SentValue } from "./sent_values.ts";

/** Asks for a function to be run. */
export interface SentCallback {
  /** Which one of those that the call was given. */
  readonly function: number;
  /** What it is called with: a list. */
  readonly args: SentValue;
}

/** What a function gave. */
interface SentResult {
  readonly text: string;
  readonly types?: ValueTypes;
  readonly bytes: readonly { readonly path: readonly string[]; readonly memory: ArrayBuffer }[];
}

/** Passes the thread's callbacks on to whoever waits for it at the time. */
export class CallbackRelay {
  /** Who waits. */
  control: Pick<BridgeControl, "ask"> | undefined;

  /** Makes functions of these names that are run by whoever waits. `send` makes what they are called with ready. */
  functions(names: readonly string[], send: (args: readonly unknown[]) => Sending): readonly GivenFunction[] {
    return names.map((name, number) => {
      const relayed = async (...args: unknown[]) => {
        using sent = send(args);
        const question: SentCallback = { function: number, args: sent.value };
        return receiveResult(await this.control!.ask(question) as SentResult);
      };
      return Object.defineProperty(relayed, "name", { value: name });
    });
  }
}

/** What a function is called with, until it has ended. */
export interface Sending extends Disposable {
  readonly value: SentValue;
}

/**
 * Runs a function for the thread, in this one.
 *
 * @throws Whatever the function throws, and a TypeError when what it gives cannot be sent.
 */
export function runFunction(given: GivenFunction, args: readonly unknown[]): Told {
  const result: unknown = given(...args);
  if (isPromise(result)) {
    // The plugin is told, and nobody else waits for it.
    Promise.resolve(result).catch(() => {});
    throw promiseError(given);
  }
  const to = { name: nameOf(given) };
  const { value, types, slots = [] } = encodeGiven(to, result);
  const bytes = slots.map(({ path, source }) => ({ path, memory: bytesIn(to, source).slice().buffer as ArrayBuffer }));
  const sent: SentResult = { text: JSON.stringify(value), types, bytes };
  return { value: sent, memory: bytes.map(({ memory }) => memory) };
}

function receiveResult({ text, types, bytes }: SentResult): unknown {
  const given = decodeValue(JSON.parse(text), types);
  const whole = bytes.reduce((filled, { path, memory }) => fillSlot(filled, { path, source: memory }, new Uint8Array(memory)), given);
  return (whole as { result: unknown }).result;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function";
}

function promiseError(given: GivenFunction): TypeError {
  return new TypeError(`The function "${nameOf(given)}" gave a promise, for which a blocked thread cannot wait. Use RemotePluginProxy`);
}
