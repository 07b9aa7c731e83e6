/**
 * What is measured in which order, and how much of it.
 *
 * @module
 */
import type { Amounts } from "./driver/measures.ts";
import type { Family, PeerSpec } from "./peers.ts";
import type { Placement } from "./placement.ts";

/** The whole bench, one that continuous integration has time for, or the processor time of small calls alone. */
export type Mode = "full" | "quick" | "work";

/** One measurement of one peer in one round. */
export interface Step {
  /** Its name in the results; the values of the same measurement with other amounts have other names. */
  readonly key: string;
  readonly family: Family;
  /** What the measuring process is asked for; `undefined` for what is seen from outside. */
  readonly measure: string | undefined;
  readonly amounts: Amounts;
  /** Only in the rounds before this one. */
  readonly rounds: number;
  /** Where it runs; wherever the system likes by default. */
  readonly placement?: Placement;
}

/** How long and how often. */
export interface Extent {
  readonly rounds: number;
  /** All rounds, in milliseconds; one that does not fit is not begun. Big values come after them. */
  readonly totalMs: number;
  /** One peer in one round. */
  readonly peerMs: number;
  /** One measurement. */
  readonly stepMs: number;
}

/** How much time each mode may take. */
export const EXTENTS: Readonly<Record<Mode, Extent>> = {
  full: { rounds: 5, totalMs: 600_000, peerMs: 40_000, stepMs: 12_000 },
  quick: { rounds: 2, totalMs: 95_000, peerMs: 12_000, stepMs: 4_000 },
  work: { rounds: 3, totalMs: 60_000, peerMs: 8_000, stepMs: 4_000 },
};

const KB = 1024;
const MB = 1024 * KB;

/** The sizes of arguments and results, in bytes. */
export const SIZES: Readonly<Record<Mode, readonly number[]>> = {
  full: [KB, 64 * KB, MB, 16 * MB, 64 * MB],
  quick: [KB, MB],
  work: [],
};

/** What doubles to see how costs grow. */
export const DOUBLINGS: Readonly<Record<string, readonly number[]>> = {
  "argument": [MB, 2 * MB, 4 * MB, 8 * MB, 16 * MB, 32 * MB, 64 * MB],
  "stream": [5_000, 10_000, 20_000, 40_000],
  "burst": [128, 256, 512, 1024],
  "plugins": [2, 4, 8, 16],
};

/** The steps of a peer, those first that leave nothing behind in the processes. */
export function stepsFor(spec: PeerSpec, mode: Mode): readonly Step[] {
  const [first, ...rest] = stepsOfMode(mode);
  const wanted = rest.filter(({ family }) => spec.families.includes(family));
  return [first!, ...wanted];
}

function stepsOfMode(mode: Mode): Step[] {
  const full = mode === "full";
  if (mode === "work") return [step("start", "start", {}), ...placedSteps(mode, "one")];
  const time = full ? { ms: 500, warmMs: 300 } : { ms: 250, warmMs: 150 };
  return [
    step("start", "start", {}),
    step("again", "start", { measure: "start" }),
    step("call", "call", { ...time, placement: "two" }),
    ...(full ? [1, 16, 64] : [1, 64]).map((open) => step(`open${open}`, "open", { ...time, open, placement: "two" })),
    ...placedSteps(mode, "one"),
    ...placedSteps(mode, "busy"),
    step("stream", "stream", { ...time, count: full ? 10_000 : 2_000 }),
    step("memory", "memory", { measure: null }),
    step("cancel", "cancel", { count: full ? 5 : 2 }),
    ...PAYLOADS.flatMap((family) => SIZES[mode].map((bytes) => payloadStep(family, bytes))),
    ...(full ? growthSteps() : []),
    step("stop", "start", { measure: "stop" }),
  ];
}

/** The small calls once more, in another placement than on two cores. */
function placedSteps(mode: Mode, placement: Placement): Step[] {
  // Time is counted in hundredths of a second, so that it is what ends the measurement, not a number of calls.
  const time = { ...TIMES[mode], most: 1_000_000, placement };
  const several = (mode === "full" ? [16, 64] : [64]).map((open) =>
    step(`${placement}/open${open}`, "placed", { ...time, open, measure: "open" })
  );
  return [step(`${placement}/call`, "placed", { ...time, measure: "call" }), ...several];
}

/** How long calls in another placement are measured. */
const TIMES = {
  full: { ms: 400, warmMs: 200 },
  quick: { ms: 250, warmMs: 100 },
  work: { ms: 1_000, warmMs: 300 },
};

/** What has sizes. */
export const PAYLOADS = ["argument", "result", "file-argument", "file-result"] as const;

function payloadStep(family: (typeof PAYLOADS)[number], bytes: number): Step {
  return step(`${family}/${bytes}`, family, { bytes, ms: 100, most: 200, rounds: bytes > MB ? 3 : Infinity });
}

function growthSteps(): Step[] {
  return Object.entries(DOUBLINGS).flatMap(([measure, amounts]) =>
    amounts.map((amount) => step(`growth-${measure}/${amount}`, "growth", { ...growthAmounts(measure, amount), measure, rounds: 2 }))
  );
}

function growthAmounts(measure: string, amount: number): Amounts {
  if (measure === "argument") return { bytes: amount, ms: 100, most: 5 };
  return measure === "burst" ? { open: amount } : { count: amount, ms: 100 };
}

interface StepFacts {
  /** The family's own by default; `null` for none. */
  readonly measure?: string | null;
  readonly rounds?: number;
  readonly placement?: Placement;
}

function step(key: string, family: Family, { measure, rounds = Infinity, placement, ...amounts }: Amounts & StepFacts): Step {
  return { key, family, amounts, measure: measure === null ? undefined : measure ?? family, rounds, placement };
}
