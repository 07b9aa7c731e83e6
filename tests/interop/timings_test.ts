import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { type Environment, ENVIRONMENTS, FOLDER, manifestIn, pythonOf, workersOf } from "./environments.ts";

const STARTS = 5;
const CALLS = 40;

/** Times in milliseconds. */
type Times = Readonly<Record<"start" | "blocking" | "async", readonly number[]>>;

/** One line of the table: who called whom, then what it took. */
const rows: string[][] = [];

/** The median, and the range of all but the outermost twentieths. */
function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))]!.toFixed(sorted[0]! < 20 ? 1 : 0);
  return `${at(0.5)} (${at(0.05)} to ${at(0.95)})`;
}

async function theirProxy(environment: Environment): Promise<Times> {
  const data = await Deno.makeTempDir({ prefix: "theirs-" });
  try {
    const script = fromFileUrl(new URL("their_proxy.py", import.meta.url));
    const folder = fromFileUrl(new URL("plugins", import.meta.url));
    const env = { CJM_DATA_DIR: data, PYTHONDONTWRITEBYTECODE: "1" };
    const command = new Deno.Command(pythonOf(environment), {
      args: [script, folder, `${STARTS}`, `${CALLS}`],
      env,
      cwd: data,
      stdin: "null",
    });
    const { code, stdout, stderr } = await command.output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

async function ourProxy(environment: Environment, worker: string): Promise<Times> {
  const times = { start: [] as number[], blocking: [], async: [] as number[] };
  for (let started = 0; started < STARTS; started++) {
    const begin = performance.now();
    await using plugin = await RemotePluginProxy.start(manifestIn(environment, { module: "tried", class: "Tried", worker }));
    times.start.push(performance.now() - begin);
    for (let number = 0; number < CALLS; number++) {
      const before = performance.now();
      assertEquals(await plugin.execute({ action: "echo", value: number }), number);
      times.async.push(performance.now() - before);
    }
  }
  return times;
}

// W25: one client serves all calls.
for (const environment of ENVIRONMENTS) {
  Deno.test(`starting and calling a plugin of ${environment.label} is not slower than with its own proxy`, async () => {
    const theirs = await theirProxy(environment);
    rows.push([environment.label, "its own proxy on its own worker", spread(theirs.start), spread(theirs.blocking), spread(theirs.async)]);
    for (const { worker, label } of workersOf(environment)) {
      const ours = await ourProxy(environment, worker);
      const whose = label === "ours" ? "our proxy on our worker" : "our proxy on its own worker";
      rows.push([environment.label, whose, spread(ours.start), "", spread(ours.async)]);
      assert(median(ours.async) < median(theirs.blocking), "a call of ours takes longer than a blocking one of theirs");
    }
  });
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]!;
}

Deno.test.afterAll(() => Deno.writeTextFile(`${FOLDER}/timings.json`, JSON.stringify(rows)));
