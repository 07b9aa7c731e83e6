/**
 * What the project wants to reach, beside what was measured.
 *
 * @module
 */
import { readable, sizeText, spreadOf } from "./report/columns.ts";
import { placedTargets } from "./placed_targets.ts";
import { DOUBLINGS, SIZES } from "./plan.ts";
import { type Figure, figureOf, growthExponent, ratioOf, type Results } from "./results.ts";
import { atLeast, atMost, missing, type Target } from "./target.ts";

/** All targets, in the order of the page. */
export function targetsOf(results: Results): Target[] {
  const families = [placedTargets, calls, fastLane, streams, payloads, starts, original, growth];
  return families.flatMap((family) => family(results));
}

const RUNTIMES = [["python", "Python"], ["deno", "Deno"]] as const;

function calls(results: Results): Target[] {
  const ratios = RUNTIMES.map(([name, title]) =>
    atMost(
      `A call over HTTP, ${title} plugin: at most 1.15 × bare fetch`,
      1.15,
      callRatio(results, `ours-${name}-http`, `fetch-${name}`),
    )
  );
  return [...ratios, ...RUNTIMES.map(([name, title]) => tenThousand(results, name, title))];
}

function tenThousand(results: Results, name: string, title: string): Target {
  const wanted = `Calls a second over HTTP, ${title} plugin: 10,000`;
  const own = mostCalls(results, `ours-${name}-http`, `ours-${name}-http-8`);
  const bare = mostCalls(results, `fetch-${name}`);
  if (own === undefined || bare === undefined) return missing(wanted);
  const measured = `${readable(own)}, the bare loop ${readable(bare)}`;
  return { wanted, measured, met: own >= Math.min(10_000, bare) };
}

/** The best of one, 16 and 64 open calls, whether the plugin runs one at once or more. */
function mostCalls(results: Results, ...peers: readonly string[]): number | undefined {
  const figures = peers.flatMap((peer) => [1, 16, 64].flatMap((open) => figureOf(results, peer, `open${open}.per_s`) ?? []));
  return figures.length === 0 ? undefined : Math.max(...figures.map(({ median }) => median));
}

function fastLane(results: Results): Target[] {
  const echo = atMost("A call: at most 1.5 × a few bytes over a unix socket", 1.5, callRatio(results, "ours-python", "socket-echo"));
  const rivals = ["appose", "mcp"].map((rival) => atMost(`A call: below ${rival}`, 1, callRatio(results, "ours-python", rival)));
  return [echo, ...rivals];
}

function streams(results: Results): Target[] {
  const over = (name: string): Figure | undefined => ratioOf(results, ["ours-python", "stream.per_s"], [name, "stream.per_s"]);
  const first = figureOf(results, "ours-python", "stream.first_ms");
  const soon = "The first chunk: within 2 ms";
  return [
    atLeast("Chunks a second: 20 × the original's", 20, over("cjm-async")),
    // What it was before calls were sent ahead. Chunks a second of another machine would say nothing, so it is a ratio.
    atLeast("Chunks a second, Python plugin: at least 1.8 × execnet's", 1.8, over("execnet")),
    atLeast(
      "Chunks a second, Deno plugin: at least 0.5 × execnet's",
      0.5,
      ratioOf(results, ["ours-deno", "stream.per_s"], ["execnet", "stream.per_s"]),
    ),
    first === undefined
      ? missing(soon)
      : { wanted: soon, measured: `${readable(first.median)} ms${spreadOf(first)}`, met: first.median < 2 },
  ];
}

/** A rival, and the sizes of what it is asked for, in bytes. */
const PAYLOAD_RIVALS = [
  ["result", ["execnet", "appose"], [1 << 20, 16 << 20, 64 << 20]],
  ["argument", ["execnet", "python-shell"], [64 << 10]],
] as const;

function payloads(results: Results): Target[] {
  return PAYLOAD_RIVALS.flatMap(([family, rivals, sizes]) =>
    sizes.flatMap((size) =>
      rivals.map((rival) => {
        const key = `${family}/${size}.ms`;
        const name = family === "result" ? "A result" : "An argument";
        return atMost(`${name} of ${sizeText(size)}: at most ${rival}'s`, 1, ratioOf(results, ["ours-python", key], [rival, key]));
      })
    )
  );
}

function starts(results: Results): Target[] {
  const over = (own: string, bare: string): Figure | undefined => ratioOf(results, [own, "start.ready_ms"], [bare, "start.ready_ms"]);
  return [
    atMost("Start, Python: at most 2.5 × the bare interpreter", 2.5, over("ours-python", "bare-python")),
    atMost("Start, Deno: at most 2 × an empty program", 2, over("ours-deno", "bare-deno")),
    atLeast("Start: 10 × faster than the original", 10, over("cjm-async", "ours-python")),
  ];
}

function original(results: Results): Target[] {
  const better = (names: readonly string[]): Figure | undefined => {
    const ratios = names.flatMap((name) => callRatio(results, name, "ours-python") ?? []);
    return ratios.sort((a, b) => a.median - b.median)[0];
  };
  const own = figureOf(results, "ours-cjm-worker", "call.p50_us");
  const note = results.peers["ours-cjm-worker"]?.notes.start;
  const kept = "A call of the original's own worker by this proxy";
  return [
    atLeast("A call: 100 × faster than the original's better face", 100, better(["cjm-blocking", "cjm-async"])),
    atLeast("A call: 10 × faster than its heir's better face", 10, better(["substrate-blocking", "substrate-async"])),
    { wanted: kept, measured: own === undefined ? note ?? "not measured" : `${readable(own.median)} µs${spreadOf(own)}`, met: undefined },
  ];
}

/** What doubles, and which value is its cost. */
const COSTS: Readonly<Record<string, readonly [string, string]>> = {
  argument: ["size of an argument", "ms"],
  stream: ["chunks", "ms"],
  burst: ["open calls", "ms"],
  plugins: ["loaded plugins", "start_ms"],
};

/** By so much over the least that there is a cost grows faster than what it is for: a straight line with fixed costs and noise stays below. */
const TOLERANCE = 0.25;

function growth(results: Results): Target[] {
  const copy = copyExponent(results);
  return Object.entries(COSTS).flatMap(([measure, [what, value]]) => {
    const least = measure === "argument" ? copy : 1;
    return RUNTIMES.map(([name, title]) => {
      const wanted = `Cost by ${what}, ${title} plugin: exponent ${Number(least.toFixed(2))}`;
      const exponent = exponentOf(results, `ours-${name}`, [measure, value]);
      if (exponent === undefined) return missing(wanted);
      return { wanted, measured: `exponent ${exponent.toFixed(2)}`, met: exponent <= least + TOLERANCE };
    });
  });
}

/** How the machine's own cost of a copy grows over the sizes of the doublings. */
function copyExponent(results: Results): number {
  const [first, last] = [DOUBLINGS.argument!.at(0)!, DOUBLINGS.argument!.at(-1)!];
  const sizes = SIZES.full.filter((size) => size >= first && size <= last);
  return Math.max(1, exponentOver(sizes, (size) => figureOf(results, "memcpy", `argument/${size}.ms`)) ?? 1);
}

/** The exponent over all doublings that were measured; `undefined` with fewer than three sizes. */
export function exponentOf(results: Results, peer: string, [measure, value]: readonly [string, string]): number | undefined {
  return exponentOver(DOUBLINGS[measure]!, (amount) => figureOf(results, peer, `growth-${measure}/${amount}.${value}`));
}

function exponentOver(amounts: readonly number[], costOf: (amount: number) => Figure | undefined): number | undefined {
  const points = amounts.flatMap((amount) => {
    const figure = costOf(amount);
    return figure === undefined ? [] : [[amount, figure.median] as const];
  });
  if (points.length < 3) return undefined;
  return growthExponent(points.map(([amount]) => amount), points.map(([, cost]) => cost));
}

function callRatio(results: Results, over: string, under: string): Figure | undefined {
  return ratioOf(results, [over, "call.p50_us"], [under, "call.p50_us"]);
}
