/**
 * Which of a plugin's methods a command line calls.
 *
 * @module
 */
import { levenshteinDistance } from "@std/text";
import { nameHint, nearestName } from "../../manifest/nearest_name.ts";
import type { MethodSignature, SignaturesBody } from "../../protocol/messages.ts";
import { UsageError } from "../exit.ts";

/** A method, and the words that are its arguments. */
export interface ChosenMethod {
  /** Its name; `undefined` for `execute`, or `executeStream` where pieces are wanted. */
  readonly method: string | undefined;
  readonly words: readonly string[];
  /** What it takes and gives, as far as that is known. */
  readonly signature: MethodSignature | undefined;
  /** The method whose name the first word is nearly. Default: it is near to none. */
  readonly nearly?: string;
}

/**
 * Finds the method: the first word names one, or else belongs to `execute`.
 *
 * @throws {UsageError} When the plugin has no `execute`, and no method of that name.
 */
export function chosenMethod(words: readonly string[], signatures: SignaturesBody | undefined, isStream: boolean): ChosenMethod {
  const { execute, execute_stream: stream, methods = {} } = signatures ?? {};
  const [first, ...rest] = words;
  if (first !== undefined && Object.hasOwn(methods, first)) return { method: first, words: rest, signature: methods[first] };
  const names = Object.keys(methods);
  if (execute !== undefined || stream !== undefined || names.length === 0) {
    return { method: undefined, words, signature: isStream ? stream : execute, nearly: nearlyNamed(first, names) };
  }
  const isNamed = first !== undefined && !first.startsWith("-");
  throw new UsageError(
    `${isNamed ? `There is no method "${first}"` : "Which method? Write run PLUGIN METHOD"}. ${nameHint(first ?? "", names)}`,
  );
}

/** How many letters of a mistyped name are wrong at most. Two that have changed places count as both. */
const MOST_WRONG = 2;

/** The shortest name of which a word is nearly one. */
const SHORTEST_NAME = 4;

/** The name that a word may have been meant as, which `execute` may as well be meant to get. */
function nearlyNamed(word: string | undefined, names: readonly string[]): string | undefined {
  if (word === undefined) return undefined;
  const nearest = nearestName(word, names.filter((name) => name.length >= SHORTEST_NAME));
  return nearest !== undefined && levenshteinDistance(word, nearest) <= MOST_WRONG ? nearest : undefined;
}
