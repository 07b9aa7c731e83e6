import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { type Manifest, RemotePluginProxy, RemotePluginProxySync } from "@remote-plugin/proxy";
import { type Environment, ENVIRONMENTS, FOLDER, manifestIn, pythonOf, workersOf } from "./environments.ts";

const ROUNDS = 5;
const CALLS = 30;

/** Times in milliseconds. */
type Times = Record<"start" | "blocking" | "async", number[]>;

/** One line of the table: who called whom, then what it took. */
const rows: string[][] = [];

/** The median, and the range of all but the outermost twentieths. */
function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))]!.toFixed(sorted[0]! < 20 ? 1 : 0);
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
    const command = new Deno.Command(pythonOf(environment), { args: [script, folder, "1", `${CALLS}`], env, cwd: data, stdin: "null" });
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
  for (let number = 0; number < CALLS; number++) {
    const before = performance.now();
    assertEquals(await plugin.execute({ action: "echo", value: number }), number);
    times.async.push(performance.now() - before);
  }
}

function ourBlockingProxy(manifest: Manifest, times: Times): void {
  using plugin = RemotePluginProxySync.start(manifest);
  for (let number = 0; number < CALLS; number++) {
    const before = performance.now();
    assertEquals(plugin.execute({ action: "echo", value: number }), number);
    times.blocking.push(performance.now() - before);
  }
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]!;
}

// W25: one client serves all calls.
for (const environment of ENVIRONMENTS) {
  Deno.test(`a plugin of ${environment.label} starts and answers sooner with our proxy and our worker than with its own`, async () => {
    const theirs = noTimes();
    const ours = workersOf(environment).map(({ worker }) => ({ worker, times: noTimes() }));
    // In turns, so that what else the machine does is in all of them.
    for (let round = 0; round < ROUNDS; round++) {
      await theirProxy(environment, theirs);
      for (const { worker, times } of ours) {
        const manifest = manifestIn(environment, { module: "tried", class: "Tried", worker });
        await ourProxy(manifest, times);
        ourBlockingProxy(manifest, times);
      }
    }
    const named: [string, Times][] = [["its own proxy on its own worker", theirs]];
    named.push(["our proxy on our worker", ours[0]!.times], ["our proxy on its own worker", ours[1]!.times]);
    for (const [who, { start, blocking, async }] of named) {
      rows.push([environment.label, who, spread(start), spread(blocking), spread(async)]);
    }
    assert(median(ours[0]!.times.start) < median(theirs.start), "a start of ours takes longer");
    assert(median(ours[0]!.times.async) < median(theirs.async), "a call of ours takes longer");
  });
}

Deno.test.afterAll(() => Deno.writeTextFile(`${FOLDER}/timings.json`, JSON.stringify(rows)));
