import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { type Manifest, RemotePluginProxy, RemotePluginProxySync } from "@remote-plugin/proxy";
import { median } from "../support/summary.ts";
import { type Environment, ENVIRONMENTS, FOLDER, manifestIn, pythonOf } from "./environments.ts";

/** Few, so that the whole suite takes little time; for the page more of them are run on a quiet machine. */
const ROUNDS = Number(Deno.env.get("REMOTE_PLUGIN_TEST_ROUNDS") ?? 3);
const CALLS = 50;
/** Calls before those that are measured: the first ones load code on both sides. */
const WARM_UP = 10;

/** Times in milliseconds. */
type Times = Record<"start" | "blocking" | "async", number[]>;

/** One line of the table: who called whom, then what it took. */
const rows: string[][] = [];

/** How many processes wanted to run, on average of the last minute, before each environment was measured. */
const loads: number[] = [];

/** The median, and the range of all but the outermost twentieths. */
function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const digits = sorted[0]! < 2 ? 2 : sorted[0]! < 20 ? 1 : 0;
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))]!.toFixed(digits);
  return `${at(0.5)} (${at(0.05)} to ${at(0.95)})`;
}

function noTimes(): Times {
  return { start: [], blocking: [], async: [] };
}

async function theirProxy(environment: Environment, times: Times): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "theirs-" });
  try {
    const script = fromFileUrl(new URL("their_proxy.py", import.meta.url));
    const folder = fromFileUrl(new URL("plugins", import.meta.url));
    const env = { CJM_DATA_DIR: data, PYTHONDONTWRITEBYTECODE: "1" };
    const command = new Deno.Command(pythonOf(environment), {
      args: [script, folder, `${WARM_UP}`, `${CALLS}`],
      env,
      cwd: data,
      stdin: "null",
    });
    const { code, stdout, stderr } = await command.output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const found: Times = JSON.parse(new TextDecoder().decode(stdout));
    for (const key of ["start", "blocking", "async"] as const) times[key].push(...found[key]);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

async function ourProxy(manifest: Manifest, times: Times): Promise<void> {
  const begin = performance.now();
  await using plugin = await RemotePluginProxy.start(manifest);
  times.start.push(performance.now() - begin);
  for (let number = -WARM_UP; number < CALLS; number++) {
    const before = performance.now();
    const answer = await plugin.execute({ action: "echo", value: number });
    if (number >= 0) times.async.push(performance.now() - before);
    assertEquals(answer, number);
  }
}

function ourBlockingProxy(manifest: Manifest, times: Times): void {
  using plugin = RemotePluginProxySync.start(manifest);
  for (let number = -WARM_UP; number < CALLS; number++) {
    const before = performance.now();
    const answer = plugin.execute({ action: "echo", value: number });
    if (number >= 0) times.blocking.push(performance.now() - before);
    assertEquals(answer, number);
  }
}

/** Deno tells the load only to those who may look at the system. */
async function load(): Promise<number> {
  const { stdout } = await new Deno.Command("uptime", { env: { LC_ALL: "C" }, stderr: "null" }).output();
  return Number(/load averages?: ([\d.]+)/.exec(new TextDecoder().decode(stdout))?.[1] ?? NaN);
}

interface Contender {
  readonly who: string;
  readonly times: Times;
  readonly run: (times: Times) => Promise<void>;
}

function contendersOf(environment: Environment): readonly [Contender, Contender, Contender] {
  const ours = (worker: string) => async (times: Times) => {
    const manifest = manifestIn(environment, { module: "tried", class: "Tried", worker });
    await ourProxy(manifest, times);
    ourBlockingProxy(manifest, times);
  };
  return [
    { who: "its own proxy on its own worker", times: noTimes(), run: (times) => theirProxy(environment, times) },
    { who: "our proxy on its own worker", times: noTimes(), run: ours(environment.worker) },
    { who: "our proxy on our worker", times: noTimes(), run: ours("builtin") },
  ];
}

// W25: one client serves all calls.
for (const environment of ENVIRONMENTS) {
  Deno.test(`a plugin of ${environment.label} starts and answers sooner with our proxy and our worker than with its own`, async () => {
    loads.push(await load());
    const contenders = contendersOf(environment);
    // In turns, and each time another one first, so that what else the machine does is in all of them.
    for (let turn = 0; turn < contenders.length * ROUNDS; turn++) {
      const round = Math.floor(turn / contenders.length);
      const { run, times } = contenders[(turn + round) % contenders.length]!;
      await run(times);
    }
    for (const { who, times: { start, blocking, async } } of contenders) {
      rows.push([environment.label, who, spread(start), spread(blocking), spread(async)]);
    }
    const [theirs, , ours] = contenders;
    assert(median(ours.times.start) < median(theirs.times.start), "a start of ours takes longer");
    assert(median(ours.times.async) < median(theirs.times.async), "a call of ours takes longer");
    assert(median(ours.times.blocking) < median(theirs.times.blocking), "a blocking call of ours takes longer");
  });
}

Deno.test.afterAll(() =>
  Deno.writeTextFile(`${FOLDER}/timings.json`, JSON.stringify({ rows, loads, rounds: ROUNDS, calls: ROUNDS * CALLS }))
);
