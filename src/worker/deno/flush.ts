/**
 * Has a thread that is about to end wait until what its plugin has given is with the host: what lies between the threads ends with the process.
 *
 * @module
 */
import type { FromThread } from "./thread_messages.ts";

/** How long a thread may wait whose process ends, in milliseconds. A reader who takes nothing must not keep it from that. */
const LAST_MS = 1_000;

/** How long one may wait that perhaps goes on. */
const BRIEF_MS = 10;

// The plugin may replace the globals; what it puts there is not for us.
const { wait } = Atomics;
const [Numbers, Memory] = [Int32Array, SharedArrayBuffer];

/** Waits until the control thread has sent all that this thread has posted, unless that takes too long. */
export function flush(post: (message: FromThread) => void, { isLast }: { readonly isLast: boolean }): void {
  const done = new Numbers(new Memory(4));
  post({ kind: "flush", done });
  wait(done, 0, 0, isLast ? LAST_MS : BRIEF_MS);
}
