/** One call at a time, and what comes of it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "./gateway.js";

/** The most chunks that are kept, and how long their texts are together. */
const MAX_CHUNKS = 1_000;
const MAX_LENGTH = 64 * 1024 * 1024;

/** The outcome, a function that begins a call, and one that gives it up. Whoever leaves the form has given it up as well. */
export function useCall({ plugin, endpoint }) {
  const [outcome, setOutcome] = useState(undefined);
  const abort = useRef(null);
  const cancel = () => abort.current?.abort();
  useEffect(() => cancel, []);
  const run = async ({ args, kwargs }) => {
    abort.current = new AbortController();
    const { signal } = abort.current;
    const followed = new Followed(setOutcome);
    try {
      for await (const frame of call({ plugin, endpoint, args, kwargs, signal })) followed.take(frame);
    } catch (error) {
      followed.fail(signal.aborted ? { state: "cancelled" } : { state: "failed", error: { message: error.message } });
    }
  };
  return { outcome, run, cancel };
}

/** How often what has come is shown, in milliseconds. */
const SHOWN_MS = 100;

/** Collects frames, and shows them as often as somebody can see. */
class Followed {
  #show;
  #outcome = { state: "running", chunks: [], count: 0 };
  #timer;
  #began = performance.now();
  #length = 0;

  constructor(show) {
    this.#show = show;
    show(this.#outcome);
  }

  take({ frame, length }) {
    if ("chunk" in frame) this.#add(frame, length);
    else if ("error" in frame) this.fail({ state: "failed", error: frame.error });
    else if ("result" in frame) this.#end({ state: "ended", result: frame });
    else this.#change({ progress: frame });
  }

  #add(frame, length) {
    const { chunks, count } = this.#outcome;
    chunks.push({ frame, length });
    this.#length += length;
    // Cut seldom: a list of a thousand is not moved for each chunk.
    if (chunks.length > 2 * MAX_CHUNKS || this.#length > 2 * MAX_LENGTH) this.#cut();
    this.#change({ count: count + 1 });
  }

  #cut() {
    const kept = lastOf(this.#outcome.chunks);
    this.#length = kept.reduce((sum, { length }) => sum + length, 0);
    this.#outcome = { ...this.#outcome, chunks: kept };
  }

  fail(change) {
    if (this.#outcome.state === "running") this.#end(change);
  }

  #end(change) {
    this.#change({ ...change, tookMs: performance.now() - this.#began });
  }

  #change(change) {
    this.#outcome = { ...this.#outcome, ...change };
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#show({ ...this.#outcome, chunks: lastOf(this.#outcome.chunks) });
    }, SHOWN_MS);
  }
}

/** The last chunks that there is room for, and the last one in any case. */
function lastOf(chunks) {
  const last = chunks.slice(-MAX_CHUNKS);
  let length = 0;
  const first = last.findLastIndex((chunk) => (length += chunk.length) > MAX_LENGTH);
  return last.slice(Math.min(first + 1, last.length - 1));
}
