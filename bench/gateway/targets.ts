/**
 * What the gateway is wanted to reach.
 *
 * @module
 */
import { readable } from "../report/columns.ts";
import { figureOf, ratioOf, type Results } from "../results.ts";
import { atLeast, atMost, missing, type Target } from "../target.ts";

/** Chunks a second that a stream is wanted to have. */
const CHUNKS = 150_000;
/** "Some MiB" for a call with a file: a few buffers on the way in and on the way out. */
const CALL_MIB = 8;
/** How long an honest client may wait while others attack, in milliseconds. */
const HONEST_MS = 100;

/** All targets of the gateway, in the order of the page. */
export function gatewayTargets(results: Results): Target[] {
  const over = (step: string): ReturnType<typeof ratioOf> => ratioOf(results, ["gateway", step], ["bare", step]);
  return [
    atLeast("Calls a second, gateway, 64 open: at least 0.5 × bare", 0.5, over("open64.per_s")),
    chunks(results),
    atMost("64 MiB to a plugin, gateway: at most 3 × a bare upload", 3, over("file.up_ms")),
    // The plugin writes a file before it is sent, as the bare server does with what is sent to it. A bare download writes nothing.
    atMost(
      "64 MiB from a plugin, gateway: at most 3 × bare upload",
      3,
      ratioOf(results, ["gateway", "file.down_ms"], ["bare", "file.up_ms"]),
    ),
    memory(results, "memory.up_mib", "to a plugin"),
    memory(results, "memory.down_mib", "from a plugin"),
    honest(results),
  ];
}

function chunks(results: Results): Target {
  const wanted = "Chunks a second, gateway: 150,000";
  const figure = figureOf(results, "gateway", "stream.per_s");
  return figure === undefined ? missing(wanted) : { wanted, measured: readable(figure.median), met: figure.median >= CHUNKS };
}

function memory(results: Results, key: string, direction: string): Target {
  const wanted = `Gateway memory a call, 64 MiB ${direction}: at most ${CALL_MIB} MiB`;
  const figure = figureOf(results, "gateway", key);
  return figure === undefined ? missing(wanted) : { wanted, measured: `${readable(figure.median)} MiB`, met: figure.median <= CALL_MIB };
}

/** The slowest honest call of each attack, and the worst of these. */
function honest(results: Results): Target {
  const wanted = `Honest client while others attack: within ${HONEST_MS} ms`;
  const keys = Object.keys(results.peers.gateway?.values ?? {}).filter((key) => /^attack-.*\.p50_ms$/.test(key));
  if (keys.length === 0) return missing(wanted);
  const worst = Math.max(...keys.map((key) => figureOf(results, "gateway", key)!.median));
  return { wanted, measured: `${readable(worst)} ms`, met: worst <= HONEST_MS };
}
