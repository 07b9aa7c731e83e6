/** One call at a time, and what comes of it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "./gateway.js";

/** The most chunks that are kept. */
const MAX_CHUNKS = 1_000;

/** The outcome, a function that begins a call, and one that gives it up. Whoever leaves the form has given it up as well. */
export function useCall({ plugin, endpoint }) {
  const [outcome, setOutcome] = useState(undefined);
  const abort = useRef(null);
  const cancel = () => abort.current?.abort();
  useEffect(() => cancel, []);
  const run = async (kwargs) => {
    abort.current = new AbortController();
    const { signal } = abort.current;
    const followed = new Followed(setOutcome);
    try {
      for await (const frame of call({ plugin, endpoint, kwargs, signal })) followed.take(frame);
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

  constructor(show) {
    this.#show = show;
    show(this.#outcome);
  }

  take(frame) {
    if ("chunk" in frame) {
      this.#outcome.chunks.push(frame);
      // Cut seldom: a list of a thousand is not moved for each chunk.
      if (this.#outcome.chunks.length > 2 * MAX_CHUNKS) this.#outcome.chunks = this.#outcome.chunks.slice(-MAX_CHUNKS);
      this.#change({ count: this.#outcome.count + 1 });
    } else if ("error" in frame) this.fail({ state: "failed", error: frame.error });
    else if ("result" in frame) this.#end({ state: "ended", result: frame });
    else this.#change({ progress: frame });
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
      this.#show({ ...this.#outcome, chunks: this.#outcome.chunks.slice(-MAX_CHUNKS) });
    }, SHOWN_MS);
  }
}
