/**
 * What the plugin's thread posts to the control thread.
 *
 * @module
 */
import type { ThreadBell } from "./thread_bell.ts";
import type { FromThread } from "./thread_messages.ts";

/** A worker's own function of this name. */
type PostMessage = (message: unknown, ...rest: unknown[]) => void;

/** Posts messages, and counts them, so that what goes by another way overtakes none. */
export class Posting {
  readonly #post: PostMessage;
  #count = 0;
  #bell: ThreadBell | undefined;

  /** Takes the place of the thread's own function, so that it counts what the plugin posts, too. */
  constructor(scope: { postMessage: PostMessage }) {
    const own = scope.postMessage.bind(scope);
    this.#post = (...message) => {
      own(...message);
      this.#count = this.#count + 1 | 0;
    };
    scope.postMessage = this.#post;
  }

  /** How many messages were posted, in 32 bits, which wrap. */
  get count(): number {
    return this.#count;
  }

  /** Has the reader woken for messages, where it sleeps for something else. */
  useBell(bell: ThreadBell): void {
    this.#bell = bell;
  }

  /** Posts one of the worker's own messages. */
  post(message: FromThread): void {
    this.#post(message);
    this.#bell?.wake();
  }
}
