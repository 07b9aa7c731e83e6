/**
 * Many callers of one worker at a time, which is killed at random: each call settles once, with its own answer, and none that has begun is run twice.
 *
 * @module
 */
import { type RemotePluginProxy, WorkerExitError } from "@remote-plugin/proxy";
import { delay } from "@std/async";
import type { Tally } from "./load.ts";

/** How many callers there are. */
const CALLERS = 64;

/** How many calls each of them makes until it rests, and for how long, in milliseconds: the machine is not theirs alone. */
const TURN = { calls: 8, restMs: 200 } as const;

/** The longest that a worker lives, in milliseconds. */
const MOST_LIFE_MS = 1_000;

/** The longest that one of the calls takes, in milliseconds, and how many take as long. */
const LONG = { ms: 15, oneOf: 200 } as const;

/** What a crowd needs besides its plugin. */
export interface CrowdOptions {
  /** The file in which the plugin notes each call that begins. */
  readonly begun: string;
  readonly tally: Tally;
  readonly isOver: () => boolean;
  /** Kills the worker that runs. */
  readonly kill: () => void;
}

/** Has a plugin called by many at once, until that is over. */
export async function callInCrowd(plugin: RemotePluginProxy, options: CrowdOptions): Promise<void> {
  let next = 0;
  const caller = async () => {
    for (let calls = 1; !options.isOver(); calls++) {
      await callOnce(plugin, next++, options);
      if (calls % TURN.calls === 0) await delay(TURN.restMs * Math.random());
    }
  };
  const killer = async () => {
    for (; !options.isOver(); options.kill()) await delay(MOST_LIFE_MS * Math.random());
  };
  await Promise.all([killer(), ...Array.from({ length: CALLERS }, caller)]);
  await checkBegun(options);
}

async function callOnce(plugin: RemotePluginProxy, n: number, { begun, tally }: CrowdOptions): Promise<void> {
  try {
    const answer = await plugin.execute({ n, begun, ms: n % LONG.oneOf === 0 ? LONG.ms : 0 });
    if (answer === n) tally.count("call among 64");
    else tally.blame("call among 64", `Got ${JSON.stringify(answer)} instead of ${n}`);
  } catch (error) {
    if (error instanceof WorkerExitError) tally.count("call among 64", error);
    else tally.blame("call among 64", error);
  }
}

async function checkBegun({ begun, tally }: CrowdOptions): Promise<void> {
  const numbers = (await Deno.readTextFile(begun)).trim().split("\n");
  const seen = new Set<string>();
  for (const number of numbers) {
    if (seen.has(number)) tally.blame("call among 64", `Call ${number} has begun twice`);
    seen.add(number);
  }
  await Deno.remove(begun);
}
