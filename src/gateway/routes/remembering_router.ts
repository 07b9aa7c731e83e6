/**
 * Finds the handlers of a path once.
 *
 * @module
 */
import type { Result, Router } from "hono/router";
import { TrieRouter } from "hono/router/trie-router";

/** How many paths are remembered, and how long one may be. The paths of plugins are few, and asked for again and again. */
const REMEMBERED = { paths: 256, characters: 256 } as const;

/** A router that remembers what it has found. */
export class RememberingRouter<Handler> implements Router<Handler> {
  readonly name = "RememberingRouter";
  readonly #router = new TrieRouter<Handler>();
  readonly #found = new Map<string, Result<Handler>>();

  /** Adds a route. */
  add(method: string, path: string, handler: Handler): void {
    this.#found.clear();
    this.#router.add(method, path, handler);
  }

  /** The handlers of a path, in their order. */
  match(method: string, path: string): Result<Handler> {
    const key = `${method} ${path}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const found = this.#router.match(method, path);
    if (this.#found.size >= REMEMBERED.paths) this.#found.clear();
    if (key.length <= REMEMBERED.characters) this.#found.set(key, found);
    return found;
  }
}
