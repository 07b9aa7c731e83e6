/**
 * Finds the recorded call that is the one that is made.
 *
 * @module
 */
import { levenshteinDistance } from "@std/text";
import { CallError } from "../../errors.ts";
import type { RecordedCall, RecordedInput } from "./format.ts";

/** What makes a call another one than others. */
export type CallIdentity = Pick<RecordedCall, "member" | "method" | "arguments"> & {
  readonly files: readonly Pick<RecordedInput, "at" | "sha256">[];
};

/** How much of a value a message shows, in characters. */
const MOST_SHOWN = 60;

/** How many arguments a message tells. */
const MOST_ARGUMENTS = 3;

/** The calls of a recording. */
export class KnownCalls {
  readonly #path: string;
  readonly #plugin: string;
  readonly #all: readonly RecordedCall[];
  /** Those that are made in the same way, of which the next one is answered next, and the last one from then on. */
  readonly #answers: Map<string, RecordedCall[]>;

  /** Has answered none yet. */
  constructor(path: string, plugin: string, calls: readonly RecordedCall[]) {
    this.#path = path;
    this.#plugin = plugin;
    this.#all = calls;
    this.#answers = Map.groupBy(calls, keyOf);
  }

  /** Whether there are any of a member. */
  has(member: string): boolean {
    return this.#all.some((call) => call.member === member);
  }

  /**
   * The recorded call.
   *
   * @throws {CallError} With the code `not_recorded`, which tells the nearest one.
   */
  take(made: CallIdentity): RecordedCall {
    const answers = this.#answers.get(keyOf(made)) ?? [];
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer !== undefined) return answer;
    const plugin = this.#plugin;
    const what = `Cannot run "${nameOf(made)}" of "${plugin}": this call is not in the recording "${this.#path}"`;
    throw new CallError("not_recorded", `${what}. ${this.#nearest(made)}. Record it too, or make the call as it was`, { plugin });
  }

  #nearest(made: CallIdentity): string {
    const alike = this.#all.filter((call) => nameOf(call) === nameOf(made) && call.member === made.member);
    if (alike.length === 0) {
      const names = [...new Set(this.#all.map(nameOf))].map((name) => `"${name}"`);
      return names.length === 0 ? "It has no call at all" : `It has calls of ${names.join(", ")} alone`;
    }
    const [first] = alike.map((call) => differences(call, made)).sort((a, b) => a.length - b.length || distance(a) - distance(b));
    const told = first!.slice(0, MOST_ARGUMENTS).map(({ name, before, now }) =>
      `"${name}" is ${shown(before)}, and here it is ${shown(now)}`
    );
    const more = first!.length > MOST_ARGUMENTS ? [`and ${first!.length - MOST_ARGUMENTS} more`] : [];
    return `In the nearest one ${[...told, ...more].join("; ")}`;
  }
}

function nameOf({ member, method = member }: Pick<RecordedCall, "member" | "method">): string {
  return method;
}

function keyOf(call: RecordedCall | CallIdentity): string {
  return canonical([call.member, call.method ?? null, ...argumentsOf(call)]);
}

/** The arguments by their places, each as text. */
function argumentsOf({ arguments: { args, kwargs, types = {} }, files = [] }: RecordedCall | CallIdentity): [string, string][] {
  const own = [
    ...args.map((value, at) => [`/args/${at}`, value]),
    ...Object.entries(kwargs).map(([name, value]) => [`/kwargs/${name}`, value]),
  ];
  const bytes = files.map(({ at, sha256 }) => [at, `the file ${sha256.slice(0, 8)}`]);
  const marks = Object.entries(types).map(([at, type]) => [`${at} (type)`, type]);
  const isWithin = (place: unknown) => bytes.some(([at]) => at === place);
  return [...own.filter(([place]) => !isWithin(place)), ...bytes, ...marks].map(([place, value]): [string, string] => [
    place as string,
    canonical(value),
  ]).sort(([a], [b]) => a < b ? -1 : 1);
}

/** An argument that is another one, as text. */
interface OtherArgument {
  readonly name: string;
  readonly before: string | undefined;
  readonly now: string | undefined;
}

function differences(recorded: RecordedCall, made: CallIdentity): OtherArgument[] {
  const [before, now] = [new Map(argumentsOf(recorded)), new Map(argumentsOf(made))];
  const places = [...new Set([...before.keys(), ...now.keys()])].filter((place) => before.get(place) !== now.get(place));
  return places.map((place) => {
    const name = place.replace(/^\/kwargs\//, "").replace(/^\/args\//, "the positional argument ");
    return { name, before: before.get(place), now: now.get(place) };
  });
}

/** How far the arguments of two calls are from each other. */
function distance(all: readonly OtherArgument[]): number {
  return all.reduce((sum, { before, now }) => sum + levenshteinDistance(shown(before), shown(now)), 0);
}

function shown(text = "missing"): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

/** The order of members does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1));
  });
}
