/**
 * What a soak tells of itself: a line now and then, tables at its end, and a plot.
 *
 * @module
 */
import { textTable } from "../tables.ts";
import { type ChartLine, lineChart } from "./line_chart.ts";

/** One look at who uses how much memory, in MiB, and at how many operations were done. */
export interface Sample {
  readonly minute: number;
  readonly host: number;
  readonly heap: number;
  readonly python: number | undefined;
  readonly deno: number | undefined;
  readonly operations: number;
}

/** What has been done so far. */
export interface Progress {
  readonly samples: readonly Sample[];
  readonly starts: Readonly<Record<"python" | "deno", number>>;
  readonly kills: number;
  readonly tally: {
    readonly total: number;
    /** How often what was done. */
    readonly done: ReadonlyMap<string, number>;
    /** Errors that were to be, by their names. */
    readonly errors: ReadonlyMap<string, number>;
    readonly wrong: readonly string[];
  };
}

/** Whose memory is looked at. */
const WHO = { host: "host", heap: "host's heap", python: "Python worker", deno: "Deno worker" } as const;

/** How the soak stands. */
export function reportLine({ minute, host, heap, python, deno, operations }: Sample, { starts, kills, tally }: Progress): string {
  const done = [`${operations} operations`, `${starts.python + starts.deno} starts`, `${kills} kills`, `${tally.wrong.length} wrong`];
  const memory = [`host ${mib(host)} (heap ${mib(heap)})`, `python ${mib(python)}`, `deno ${mib(deno)}`];
  return `${minute.toFixed(1)} min: ${done.join(", ")}; ${memory.join(", ")}`;
}

/** What was done, and what was wrong with it. */
export function summary({ samples, starts, kills, tally }: Progress): string {
  return [
    `\noperations\n${counts(tally.done)}`,
    `\nerrors, each as it was to be\n${counts(tally.errors)}`,
    `\n${memoryTable(samples)}`,
    `\n${tally.total} operations, ${starts.python} Python and ${starts.deno} Deno workers started, ${kills} killed`,
  ].join("\n");
}

/** Memory over time, as an SVG picture. */
export function plot({ samples, tally }: Progress): string {
  const lines: ChartLine[] = keysOf(WHO).map((who) => ({ name: WHO[who], values: samples.map((sample) => sample[who]) }));
  const minutes = samples.map(({ minute }) => minute);
  return lineChart({ title: `Memory during ${tally.total} operations`, unit: "MiB", minutes, lines });
}

function counts(all: ReadonlyMap<string, number>): string {
  return textTable({ rows: [...all].sort(([, a], [, b]) => b - a).map(([name, count]) => [String(count), name]) });
}

function memoryTable(samples: readonly Sample[]): string {
  const rows = keysOf(WHO).map((who) => {
    const values = samples.flatMap((sample) => sample[who] ?? []);
    const quarter = Math.max(1, Math.floor(values.length / 4));
    const numbers = [median(values.slice(quarter, 2 * quarter)), median(values.slice(-quarter)), Math.max(...values, 0)];
    return [WHO[who], ...numbers.map((value) => value.toFixed(1))];
  });
  return textTable({ headings: ["memory in MiB", "second quarter's median", "the last one's", "highest"], rows });
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(record) as Key[];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function mib(value: number | undefined): string {
  return value === undefined ? "none" : `${value.toFixed(1)} MiB`;
}
