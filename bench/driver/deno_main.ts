/**
 * The measuring process for what is called from Deno.
 *
 * @module
 */
import type { PeerFactory } from "./peer.ts";
import { BareFetch } from "./peers/bare_fetch.ts";
import { BareStart, Memcpy, SocketEcho } from "./peers/floors.ts";
import { Lines } from "./peers/lines.ts";
import { Ours } from "./peers/ours.ts";
import { OursBlocking } from "./peers/ours_blocking.ts";
import { interpreter, workPath } from "./places.ts";
import { serve } from "./serve.ts";

const PEERS: Readonly<Record<string, PeerFactory>> = {
  "ours-python": () => new Ours("python"),
  "ours-python-8": () => new Ours("python", { maxConcurrency: 8 }),
  "ours-python-http": () => new Ours("python", { upgrade: false }),
  "ours-python-http-8": () => new Ours("python", { maxConcurrency: 8, upgrade: false }),
  "ours-deno": () => new Ours("deno"),
  "ours-deno-8": () => new Ours("deno", { maxConcurrency: 8 }),
  "ours-deno-http": () => new Ours("deno", { upgrade: false }),
  "ours-deno-http-8": () => new Ours("deno", { maxConcurrency: 8, upgrade: false }),
  "ours-blocking": () => new OursBlocking(),
  "ours-cjm-worker": () => new Ours("cjm", { maxConcurrency: 64 }),
  "fetch-python": () => new BareFetch("python"),
  "fetch-deno": () => new BareFetch("deno"),
  "lines-python": () => new Lines([interpreter(), workPath("shell_loop.py")]),
  "lines-deno": () => new Lines([Deno.execPath(), "run", "--no-config", "--no-lock", workPath("lines.ts")]),
  "socket-echo": () => new SocketEcho(),
  "memcpy": () => new Memcpy(),
  "bare-python": () => new BareStart([interpreter(), "-c", "pass"]),
  "bare-deno": () => new BareStart([Deno.execPath(), "run", "--no-config", "--no-lock", workPath("nothing.ts")]),
};

await serve(PEERS[Deno.args[0]!]!);
