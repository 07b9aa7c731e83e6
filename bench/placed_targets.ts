/**
 * What small calls have to reach, wherever host and worker run.
 *
 * @module
 */
import { type Figure, ratioOf, type Results } from "./results.ts";
import { atMost, beside, missing, type Target } from "./target.ts";

/** The steps of the placements begin so: one core, two, and two beside a busy process. */
const PLACEMENT_STEPS: readonly string[] = ["one/", "", "busy/"];

/** Those who answer small calls about as fast as the machine allows. */
const NEAR_RIVALS: readonly string[] = ["execnet", "python-shell", "pythonia"];

const RUNTIMES = [["python", "Python"], ["deno", "Deno"]] as const;

/** The targets of small calls. */
export function placedTargets(results: Results): Target[] {
  return [...work(results), ...rivals(results), ...ownFaces(results)];
}

function work(results: Results): Target[] {
  return RUNTIMES.flatMap(([name, title]) => [
    atMost(`Processor time, ${title} plugin, 1 open: at most 1.3 × lines`, 1.3, workRatio(results, name, "one/call")),
    atMost(`Processor time, ${title} plugin, 64 open: at most 1.7 × lines`, 1.7, workRatio(results, name, "one/open64")),
  ]);
}

function workRatio(results: Results, name: string, step: string): Figure | undefined {
  return ratioOf(results, [`ours-${name}`, `${step}.work_us`], [`lines-${name}`, `${step}.work_us`]);
}

function rivals(results: Results): Target[] {
  const against = (rival: string, key: string) => (step: string): Figure | undefined =>
    ratioOf(results, ["ours-python", step + key], [rival, step + key]);
  return NEAR_RIVALS.flatMap((rival) => [
    inEach(`A call: below ${rival}`, against(rival, "call.p50_us"), (ratio) => ratio < 1),
    ...[16, 64].map((open) =>
      inEach(`Calls a second, ${open} open: more than ${rival}`, against(rival, `open${open}.per_s`), (ratio) => ratio > 1)
    ),
  ]);
}

function ownFaces(results: Results): Target[] {
  const blocking = (step: string): Figure | undefined =>
    ratioOf(results, ["ours-blocking", `${step}call.p50_us`], ["ours-python", `${step}call.p50_us`]);
  const tail = (peer: string) => (step: string): Figure | undefined =>
    ratioOf(results, [peer, `${step}call.p99_us`], [peer, `${step}call.p50_us`]);
  return [
    inEach("A blocking call: at most 1.5 × the asynchronous one", blocking, (ratio) => ratio <= 1.5),
    ...RUNTIMES.map(([name, title]) =>
      inEach(`p99 of a call, ${title} plugin: below 2 × its median`, tail(`ours-${name}`), (ratio) => ratio < 2)
    ),
    atMost("Memory of a Python worker: at most execnet's", 1, memory(results, "worker_mb")),
    beside("The same, with each shared page counted once", memory(results, "worker_pss_mb")),
  ];
}

/** A Python worker's against execnet's. */
function memory(results: Results, value: string): Figure | undefined {
  return ratioOf(results, ["ours-python", `memory.${value}`], ["execnet", `memory.${value}`]);
}

/** A target that is met when it is met in each placement, and missed when it is missed in one. */
function inEach(wanted: string, ratioIn: (step: string) => Figure | undefined, isMet: (ratio: number) => boolean): Target {
  const ratios = PLACEMENT_STEPS.map((step) => ratioIn(step)?.median);
  const known = ratios.filter((ratio) => ratio !== undefined);
  if (known.length === 0) return missing(wanted);
  const measured = `${ratios.map((ratio) => ratio?.toFixed(2) ?? "–").join(" · ")} ×`;
  if (!known.every(isMet)) return { wanted, measured, met: false };
  return { wanted, measured, met: known.length === ratios.length ? true : undefined };
}
