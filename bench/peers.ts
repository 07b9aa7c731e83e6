/**
 * Who is measured, and how each of them is started.
 *
 * @module
 */

/** What has to be installed for a peer, in a folder of its own. */
export interface Recipe {
  /** The folder under `out/bench/`. */
  readonly folder: string;
  /** Whether it has a virtual environment. */
  readonly venv?: true;
  /** A package from PyPI, for its virtual environment. */
  readonly pip?: string;
  /** A package from npm. */
  readonly npm?: string;
}

/** What a peer is measured at; what it cannot do it says itself. */
export type Family =
  | "start"
  | "call"
  | "open"
  | "stream"
  | "cancel"
  | "argument"
  | "result"
  | "file-argument"
  | "file-result"
  | "growth"
  | "memory"
  | "placed";

/** One row. */
export interface PeerSpec {
  readonly name: string;
  /** What the reader sees. */
  readonly title: string;
  readonly group: "ours" | "floor" | "peer";
  /** The language of the calling program. */
  readonly host: "deno" | "node" | "python";
  /** For Python: the module, class and options in `bench/python/peers/`. */
  readonly python?: string;
  readonly recipe?: Recipe;
  readonly families: readonly Family[];
  /** Left out of a quick bench, which has time for what the targets need. */
  readonly fullOnly?: true;
}

const ALL: readonly Family[] = ["start", "call", "open", "stream", "memory", "cancel", "argument", "result"];
/** Those whose small calls are compared in each placement, and by processor time. */
const PLACED: readonly Family[] = [...ALL, "placed"];
const OVER_HTTP: readonly Family[] = ["call", "open", "stream", "argument", "result"];
const FILES: readonly Family[] = ["file-argument", "file-result"];
/** The peers have virtual environments, and so has everybody else: what an interpreter has installed takes part in its start. */
const PLAIN: Recipe = { folder: "plain", venv: true };
const CJM: Recipe = { folder: "cjm-plugin-system", venv: true, pip: "cjm-plugin-system==0.0.46" };
const SUBSTRATE: Recipe = { folder: "cjm-substrate", venv: true, pip: "cjm-substrate" };

/** All rows, in the order in which they are shown. */
export const PEERS: readonly PeerSpec[] = [
  {
    name: "ours-python",
    title: "this project, Python plugin",
    group: "ours",
    host: "deno",
    recipe: PLAIN,
    families: [...PLACED, ...FILES, "growth"],
  },
  {
    name: "ours-python-8",
    title: "… 8 calls at once in the worker",
    group: "ours",
    host: "deno",
    recipe: PLAIN,
    fullOnly: true,
    families: ["call", "open"],
  },
  { name: "ours-python-http", title: "… over HTTP", group: "ours", host: "deno", recipe: PLAIN, families: OVER_HTTP },
  {
    name: "ours-python-http-8",
    title: "… over HTTP, 8 calls at once",
    group: "ours",
    host: "deno",
    recipe: PLAIN,
    fullOnly: true,
    families: ["call", "open"],
  },
  { name: "ours-blocking", title: "… blocking proxy", group: "ours", host: "deno", recipe: PLAIN, families: PLACED },
  { name: "ours-deno", title: "this project, Deno plugin", group: "ours", host: "deno", families: [...PLACED, ...FILES, "growth"] },
  {
    name: "ours-deno-8",
    title: "… 8 calls at once in the worker",
    group: "ours",
    host: "deno",
    fullOnly: true,
    families: ["call", "open"],
  },
  { name: "ours-deno-http", title: "… over HTTP", group: "ours", host: "deno", families: OVER_HTTP },
  {
    name: "ours-deno-http-8",
    title: "… over HTTP, 8 calls at once",
    group: "ours",
    host: "deno",
    fullOnly: true,
    families: ["call", "open"],
  },
  {
    name: "ours-cjm-worker",
    title: "this project, the original's own worker",
    group: "ours",
    host: "deno",
    recipe: CJM,
    fullOnly: true,
    families: ["start", "call", "open", "stream"],
  },
  {
    name: "cjm-blocking",
    title: "cjm-plugin-system, blocking",
    group: "peer",
    host: "python",
    python: "cjm:Blocking",
    recipe: CJM,
    fullOnly: true,
    families: ALL,
  },
  {
    name: "cjm-async",
    title: "cjm-plugin-system, async",
    group: "peer",
    host: "python",
    python: "cjm:Asynchronous",
    recipe: CJM,
    families: ALL,
  },
  {
    name: "substrate-blocking",
    title: "cjm-substrate, blocking",
    group: "peer",
    host: "python",
    python: "cjm:Blocking",
    recipe: SUBSTRATE,
    fullOnly: true,
    families: ALL,
  },
  {
    name: "substrate-async",
    title: "cjm-substrate, async",
    group: "peer",
    host: "python",
    python: "cjm:Asynchronous",
    recipe: SUBSTRATE,
    fullOnly: true,
    families: ALL,
  },
  {
    name: "appose",
    title: "Appose",
    group: "peer",
    host: "python",
    python: "appose_tasks:Appose",
    recipe: { folder: "appose", venv: true, pip: "appose" },
    families: ALL,
  },
  {
    name: "execnet",
    title: "execnet",
    group: "peer",
    host: "python",
    python: "execnet_channel:Execnet",
    recipe: { folder: "execnet", venv: true, pip: "execnet" },
    families: PLACED,
  },
  {
    name: "pythonia",
    title: "pythonia",
    group: "peer",
    host: "node",
    recipe: { folder: "pythonia", venv: true, npm: "pythonia" },
    families: PLACED,
  },
  {
    name: "python-shell",
    title: "python-shell",
    group: "peer",
    host: "node",
    recipe: { folder: "python-shell", venv: true, npm: "python-shell" },
    families: PLACED,
  },
  {
    name: "mcp",
    title: "MCP TypeScript SDK, Python server",
    group: "peer",
    host: "node",
    recipe: { folder: "mcp", venv: true, pip: "mcp", npm: "@modelcontextprotocol/sdk" },
    fullOnly: true,
    families: ALL,
  },
  {
    name: "fetch-python",
    title: "bare fetch, our Python worker",
    group: "floor",
    host: "deno",
    recipe: PLAIN,
    families: OVER_HTTP,
  },
  {
    name: "fetch-deno",
    title: "bare fetch, our Deno worker",
    group: "floor",
    host: "deno",
    families: OVER_HTTP,
  },
  {
    name: "lines-python",
    title: "lines of JSON on pipes, Python",
    group: "floor",
    host: "deno",
    recipe: PLAIN,
    families: ["call", "open", "placed"],
  },
  { name: "lines-deno", title: "lines of JSON on pipes, Deno", group: "floor", host: "deno", families: ["call", "open", "placed"] },
  { name: "socket-echo", title: "bytes over a unix socket", group: "floor", host: "deno", recipe: PLAIN, families: ["call"] },
  { name: "memcpy", title: "memcpy", group: "floor", host: "deno", fullOnly: true, families: ["argument"] },
  { name: "bare-python", title: "python -c pass", group: "floor", host: "deno", recipe: PLAIN, families: ["start"] },
  { name: "bare-deno", title: "deno run of an empty file", group: "floor", host: "deno", families: ["start"] },
];
