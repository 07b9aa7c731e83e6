// flags: --allow-read=$HERE,$TMP --allow-write=$TMP --allow-net=127.0.0.1 --allow-run=$PYTHON,$DENO --allow-env=PYTHON,TMPDIR,TMP,TEMP
/**
 * Stops calls by an AbortSignal, and measures how long that takes: until the caller has its answer, and until the plugin is free for the next call.
 *
 * @module
 */
import { RemotePluginProxy } from "@remote-plugin/proxy";
import { Checks } from "../shared/checks.ts";
import { tableLines } from "../shared/table.ts";

/** Bounds that hold on a busy machine too, in milliseconds. Each of these calls would go on for an hour, or for ever. */
const ANSWER_BOUND_MS = 1_000;
const FREE_BOUND_MS = 10_000;

/** Nothing interrupts a Python program that waits in Windows itself. */
const PYTHON_KINDS = Deno.build.os === "windows" ? ["listens", "loops"] : ["listens", "loops", "sleeps"];

interface Stop {
  readonly what: string;
  /** Whether the caller got the reason that it gave. */
  readonly gotReason: boolean;
  /** From the abort to the caller's rejection, in milliseconds. */
  readonly answer: number;
  /** From the abort to the result of the next call, in milliseconds. */
  readonly free: number;
  /** Whether the next call was answered by the process that had been stopped. */
  readonly samePlugin: boolean;
}

async function main(): Promise<void> {
  const stops = [...await stopAll("kinds_of_code.json", "Python", pythonKinds()), ...await stopAll("listener.json", "Deno", ["listens"])];
  const rows = stops.map(({ what, answer, free }) => [what, answer.toFixed(1), free.toFixed(1)]);
  for (const line of tableLines(["plugin code", "caller's answer (ms)", "free again (ms)"], rows)) console.log(line);

  const checks = new Checks();
  for (const { what, gotReason, answer, free, samePlugin } of stops) {
    checks.that(
      `${what}: the caller got its own reason, within ${ANSWER_BOUND_MS} ms`,
      gotReason && answer < ANSWER_BOUND_MS,
      `${answer} ms`,
    );
    checks.that(
      `${what}: the same process answered the next call, within ${FREE_BOUND_MS} ms`,
      samePlugin && free < FREE_BOUND_MS,
      `${free} ms`,
    );
  }
  checks.report();
}

function pythonKinds(): readonly string[] {
  if (Deno.env.has("PYTHON")) return PYTHON_KINDS;
  console.log("There is no Python 3.8 or later: only the Deno plugin is shown");
  return [];
}

async function stopAll(manifest: string, runtime: string, kinds: readonly string[]): Promise<Stop[]> {
  if (kinds.length === 0) return [];
  await using plugin = await RemotePluginProxy.start(new URL(manifest, import.meta.url));
  const stops: Stop[] = [];
  for (const kind of kinds) stops.push({ what: `${runtime} that ${kind}`, ...await stop(plugin, kind) });
  return stops;
}

async function stop(plugin: RemotePluginProxy, kind: string): Promise<Omit<Stop, "what">> {
  const controller = new AbortController();
  const reason = new Error("the user left");
  const running = Promise.withResolvers<void>();
  const call = plugin.execute({ kind }, { signal: controller.signal, onProgress: () => running.resolve() });
  const outcome = call.catch((error: unknown) => error);
  await Promise.race([running.promise, outcome]);
  const { pid } = await plugin.getStats();

  const begun = performance.now();
  controller.abort(reason);
  const gotReason = await outcome === reason;
  const answer = performance.now() - begun;
  const next = await plugin.execute({ kind: "answers" });
  const free = performance.now() - begun;
  return { gotReason, answer, free, samePlugin: next === "free" && (await plugin.getStats()).pid === pid };
}

await main();
