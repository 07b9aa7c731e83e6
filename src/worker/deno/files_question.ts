/**
 * What the plugin's thread asks of its own results, which it may not read.
 *
 * @module
 */
import { UnfitFileError } from "./unfit_file.ts";

/** A question, or an order. All paths are below the folder of results, all files in `folder`, the call's own. */
export type FilesQuestion =
  /** How many bytes all files of the worker have. */
  | { readonly about: "bytes_in_use" }
  /** Whether a file may be handed over, and how many bytes it has. */
  | { readonly about: "file"; readonly folder: string; readonly path: string }
  /** A file's bytes are to be written to another one. */
  | { readonly about: "copy"; readonly folder: string; readonly path: string; readonly to: string }
  /** All that is in the call's folder is to be removed, but for these files; and the folder, if it is empty then. */
  | { readonly about: "leftovers"; readonly folder: string; readonly kept: ReadonlySet<string> };

/** The number that was asked for, 0 where it was none, or why there is none. */
export type FilesAnswer = { readonly count: number } | { readonly error: FilesError };

interface FilesError {
  readonly message: string;
  readonly isUnfit: boolean;
  /** What the system calls it. */
  readonly code?: string;
}

/** An error as the other thread is told of it. */
export function filesError(thrown: unknown): FilesAnswer {
  const { message, code } = thrown as Error & { code?: string };
  return { error: { message, isUnfit: thrown instanceof UnfitFileError, ...(code === undefined ? {} : { code }) } };
}

/** Asks the control thread. */
export class FilesAsker {
  readonly #post: (key: number, question: FilesQuestion) => void;
  readonly #open = new Map<number, PromiseWithResolvers<number>>();
  #nextKey = 1;

  /** Posts a question with a key, under which it is answered. */
  constructor(post: (key: number, question: FilesQuestion) => void) {
    this.#post = post;
  }

  /** Resolves with the answer. */
  ask(question: FilesQuestion): Promise<number> {
    const key = this.#nextKey++;
    const answer = Promise.withResolvers<number>();
    this.#open.set(key, answer);
    this.#post(key, question);
    return answer.promise;
  }

  /** Takes an answer. */
  take(key: number, answer: FilesAnswer): void {
    const asked = this.#open.get(key);
    this.#open.delete(key);
    if ("count" in answer) asked?.resolve(answer.count);
    else asked?.reject(toError(answer.error));
  }
}

function toError({ message, isUnfit, code }: FilesError): Error {
  return isUnfit ? new UnfitFileError(message) : Object.assign(new Error(message), { code });
}
