/**
 * Keeps a list of names for as long as its process lives.
 *
 * @module
 */
// For the types alone: a plugin may, but need not import anything. Outside this repository they are in "@remote-plugin/proxy/worker".
import type { CallContext } from "../../src/worker/mod.ts";

const names: string[] = [];

export default {
  /** Writes a name into the book, and tells how many there are. */
  execute({ name }: { name: string }): number {
    return names.push(name);
  },

  /** Reads the book from its beginning. */
  *executeStream(_: unknown, { reportProgress }: CallContext): Generator<string, void, void> {
    for (const [index, name] of names.entries()) {
      reportProgress((index + 1) / names.length);
      yield name;
    }
  },
};
