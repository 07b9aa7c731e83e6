/**
 * The load of a soak: operations on one plugin, each with the one outcome that it may have.
 *
 * @module
 */
import {
  CallCancelledError,
  CallTimeoutError,
  type FileResult,
  RemoteError,
  type RemotePluginProxy,
  WorkerExitError,
} from "@remote-plugin/proxy";

/** What has been done, and how it came out. */
export class Tally {
  /** How often each kind of operation was done. */
  readonly done = new Map<string, number>();
  /** How often each class of error was the answer, where it was to be. */
  readonly errors = new Map<string, number>();
  /** Answers that were wrong; none is the only good number. */
  readonly wrong: string[] = [];

  /** Counts one operation, and the error with which it ended as it should. */
  count(kind: string, error?: unknown): void {
    add(this.done, kind);
    if (error !== undefined) add(this.errors, nameOf(error));
  }

  /** Notes an answer that was wrong, and shows it at once. */
  blame(kind: string, error: unknown): void {
    this.wrong.push(`${kind}: ${error instanceof Error ? error.stack : error}`);
    console.log(`WRONG ${this.wrong.at(-1)}`);
  }

  /** All operations. */
  get total(): number {
    return [...this.done.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** One operation. It throws when its outcome is not the one that it is to have. */
type Act = (plugin: RemotePluginProxy) => Promise<unknown>;

/** Operations that leave the worker in use, and how often each is drawn. A returned error is the one that was to come. */
const ACTS: readonly (readonly [string, number, Act])[] = [
  ["call", 50, async (plugin) => same(await plugin.execute({ value: 7 }), 7)],
  ["large call", 4, async (plugin) => same(await plugin.execute({ value: LARGE }), LARGE)],
  ["file there and back", 4, fileThereAndBack],
  ["stream", 10, stream],
  ["stream left early", 6, leaveEarly],
  ["call that raises", 6, (plugin) => rejects(plugin.execute({ fail: "on purpose" }), RemoteError)],
  ["call aborted while it runs", 6, abortRunning],
  ["call aborted while it waits", 3, abortWaiting],
  ["call timed out", 3, (plugin) => rejects(plugin.execute({ hold: true }, { timeoutMs: 20 }), CallTimeoutError)],
  ["call cancelled", 3, cancelled],
  ["question", 9, async (plugin) => same((await plugin.getStats()).pid, plugin.pid)],
];

/** Operations on a plugin that forks: what its children do is nobody's answer. */
const FORKS: readonly Act[] = [
  async (plugin) => same(await plugin.execute({ value: 7 }), 7),
  async (plugin) => same(await plugin.execute({ way: "child", ends: "by returning" }), 0),
  async (plugin) => same(await plugin.execute({ way: "child", ends: "by sys.exit(5)" }), 5),
  async (plugin) => same(await plugin.execute({ way: "in_coroutine" }), 0),
  async (plugin) => same(String(await plugin.execute({ way: "with_multiprocessing", method: "fork" })), "0,2,4,6"),
  async (plugin) => same((await Array.fromAsync(plugin.executeStream({ count: 50 }))).length, 52),
];

const BYTES = Uint8Array.from({ length: 100_000 }, (_, index) => index * 7);
const LARGE = "0123456789abcdef".repeat(16 * 1024);

/** Does one of the operations. */
export async function act(plugin: RemotePluginProxy, tally: Tally): Promise<void> {
  const [kind, , run] = draw();
  await attempt({ kind, run }, plugin, tally);
}

/** Does one of the operations on a plugin that forks. */
export async function forkAct(plugin: RemotePluginProxy, tally: Tally): Promise<void> {
  const run = FORKS[Math.floor(Math.random() * FORKS.length)]!;
  await attempt({ kind: "call of a plugin that forks", run }, plugin, tally);
}

async function attempt(
  { kind, run }: { readonly kind: string; readonly run: Act },
  plugin: RemotePluginProxy,
  tally: Tally,
): Promise<void> {
  try {
    tally.count(kind, await timely(run(plugin)));
  } catch (error) {
    tally.blame(kind, error);
  }
}

/** Kills the worker while it runs a call and streams, each of which has to be told so. */
export async function killWorker(plugin: RemotePluginProxy, tally: Tally): Promise<void> {
  const stream = plugin.executeStream({ count: 1_000_000, size: 100 });
  await checked("call on a worker that is killed", tally, async () => {
    await stream.next();
    const held = await begunCall(plugin, WorkerExitError);
    Deno.kill(plugin.pid!, "SIGKILL");
    return [held.outcome, rejects(drain(stream), WorkerExitError), rejects(plugin.execute({ value: 1 }), WorkerExitError)];
  });
}

/** Has a plugin close the worker's descriptors, of which each of its calls has to be told. */
export async function closeDescriptors(plugin: RemotePluginProxy, tally: Tally): Promise<void> {
  await checked("call on a worker that has lost its descriptors", tally, async () => {
    same(await plugin.execute(), "fine");
    const way = Math.random() < 0.5 ? "range" : "everything";
    const calls = [plugin.execute({ hold: true }), plugin.execute({ way, hold: Math.random() < 0.5 }), plugin.execute()];
    return calls.map((call) => rejects(call, WorkerExitError));
  });
}

/** Lets go of the worker while a call is open. */
export async function cleanUpBusy(plugin: RemotePluginProxy, tally: Tally): Promise<void> {
  await checked("call open at cleanup()", tally, async () => {
    const held = await begunCall(plugin, CallCancelledError);
    await plugin.cleanup();
    return [held.outcome];
  });
}

async function checked(kind: string, tally: Tally, run: () => Promise<Promise<unknown>[]>): Promise<void> {
  try {
    const calls = await timely(run());
    // The first that fails is blamed; what comes of the others then is nobody's.
    for (const call of calls) call.catch(() => {});
    for (const call of calls) tally.count(kind, await timely(call));
  } catch (error) {
    tally.blame(kind, error);
  }
}

/** How long anything may take, in milliseconds; it is not a measure, but what hangs has to show. */
const LIMIT_MS = 60_000;

async function timely<T>(promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`No outcome within ${LIMIT_MS} ms`)), LIMIT_MS);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A call that holds, once it runs. */
async function begunCall(plugin: RemotePluginProxy, end: abstract new (...args: never[]) => Error): Promise<{ outcome: Promise<unknown> }> {
  const begun = Promise.withResolvers<void>();
  const outcome = rejects(plugin.execute({ hold: true }, { onProgress: () => begun.resolve() }), end);
  await Promise.race([begun.promise, outcome]);
  return { outcome };
}

function draw(): (typeof ACTS)[number] {
  let left = Math.random() * ACTS.reduce((sum, [, weight]) => sum + weight, 0);
  return ACTS.find(([, weight]) => (left -= weight) < 0) ?? ACTS[0]!;
}

async function fileThereAndBack(plugin: RemotePluginProxy): Promise<void> {
  await using result = await plugin.execute<FileResult>({ file: BYTES });
  same((await result.bytes()).join(), BYTES.join());
}

async function stream(plugin: RemotePluginProxy): Promise<void> {
  let reports = 0;
  const chunks = await Array.fromAsync(plugin.executeStream({ count: 50, size: 200 }, { onProgress: () => reports++ }));
  same([chunks.length, reports, chunks.every((chunk) => chunk === "x".repeat(200))].join(), "50,50,true");
}

async function leaveEarly(plugin: RemotePluginProxy): Promise<void> {
  let seen = 0;
  for await (const _ of plugin.executeStream({ count: 1_000_000, size: 100 })) {
    if (++seen === 3) break;
  }
  same(seen, 3);
}

async function abortRunning(plugin: RemotePluginProxy): Promise<unknown> {
  const abort = new AbortController();
  const reason = new SoakAbort();
  const call = plugin.execute({ hold: true }, { signal: abort.signal, onProgress: () => abort.abort(reason) });
  return same(await rejects(call, SoakAbort), reason);
}

async function abortWaiting(plugin: RemotePluginProxy): Promise<unknown> {
  const abort = new AbortController();
  const calls = Array.from({ length: 4 }, () => rejects(plugin.execute({ hold: true }, { signal: abort.signal }), SoakAbort));
  abort.abort(new SoakAbort());
  return (await Promise.all(calls))[0];
}

async function cancelled(plugin: RemotePluginProxy): Promise<unknown> {
  const { outcome } = await begunCall(plugin, CallCancelledError);
  await plugin.cancel();
  return await outcome;
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

class SoakAbort extends Error {
  override name = "the signal's reason";
}

async function rejects(call: Promise<unknown>, kind: abstract new (...args: never[]) => Error): Promise<unknown> {
  let value: unknown;
  try {
    value = await call;
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error(`Got ${JSON.stringify(value)?.slice(0, 100)} instead of ${kind.name}`);
}

function same<T>(actual: unknown, wanted: T): T | undefined {
  if (actual === wanted) return wanted instanceof Error ? wanted : undefined;
  throw new Error(`Got ${JSON.stringify(actual)?.slice(0, 100)} instead of ${JSON.stringify(wanted)?.slice(0, 100)}`);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
