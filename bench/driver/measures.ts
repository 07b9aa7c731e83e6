/**
 * The measurements, the same for every peer. Times are taken around the peer's own calls, in the process that makes them; warming up is not counted.
 * `bench/python/measures.py` is its twin.
 *
 * @module
 */
import { CannotError, type Peer, type PeerFactory, type WorkName } from "./peer.ts";
import { median, quantile } from "./stats.ts";

/** How much is measured. */
export interface Amounts {
  /** How long to measure, in milliseconds. */
  readonly ms?: number;
  /** How long to warm up, in milliseconds. */
  readonly warmMs?: number;
  /** The most calls to make. */
  readonly most?: number;
  /** How many calls are open at once. */
  readonly open?: number;
  /** How many chunks, plugins or cancelled calls. */
  readonly count?: number;
  /** The size of an argument or result. */
  readonly bytes?: number;
}

/** What came out; each key ends in its unit. */
export type Values = Record<string, number>;

/** A measurement. */
export type Measure = (bench: Bench, amounts: Required<Amounts>) => Promise<Values>;

const DEFAULTS: Required<Amounts> = { ms: 300, warmMs: 150, most: 20_000, open: 1, count: 1, bytes: 1024 };

/** The peer under measurement, while this process lives. */
export class Bench {
  readonly #create: PeerFactory;
  #peer: Peer | undefined;

  constructor(create: PeerFactory) {
    this.#create = create;
  }

  /** The peer that was started. */
  get peer(): Peer {
    if (this.#peer === undefined) throw new Error("Nothing has been started");
    return this.#peer;
  }

  /** Starts a peer of its own in the place of the one before. */
  async start(): Promise<Peer> {
    await this.stop();
    this.#peer = this.#create();
    await this.#peer.start();
    return this.#peer;
  }

  /** Another peer of the same kind, not started. */
  another(): Peer {
    return this.#create();
  }

  async stop(): Promise<void> {
    const peer = this.#peer;
    this.#peer = undefined;
    await peer?.stop();
  }

  /** Runs one measurement. */
  async run(name: string, amounts: Amounts): Promise<Values> {
    const measure = MEASURES[name];
    if (measure === undefined) throw new Error(`There is no measurement "${name}"`);
    return await measure(this, { ...DEFAULTS, ...amounts });
  }
}

const MEASURES: Readonly<Record<string, Measure>> = {
  start,
  call,
  open,
  burst,
  stream,
  argument,
  result,
  "file-argument": fileArgument,
  "file-result": fileResult,
  cancel,
  plugins,
  stop,
};

async function start(bench: Bench): Promise<Values> {
  await bench.stop();
  const begun = performance.now();
  const peer = await bench.start();
  const ready = performance.now();
  if (peer.call === undefined) return { ready_ms: ready - begun };
  await small(peer);
  return { ready_ms: ready - begun, first_ms: performance.now() - begun };
}

async function call({ peer }: Bench, amounts: Required<Amounts>): Promise<Values> {
  callOf(peer);
  await repeat(() => small(peer), { ms: amounts.warmMs, most: amounts.most });
  const times = await repeat(() => small(peer), amounts);
  const total = times.reduce((sum, time) => sum + time, 0);
  return {
    p50_us: median(times) * 1000,
    p99_us: quantile(times, 0.99) * 1000,
    per_s: times.length / total * 1000,
    calls: times.length,
  };
}

async function open({ peer }: Bench, amounts: Required<Amounts>): Promise<Values> {
  several(peer);
  await keepOpen(peer, { ...amounts, ms: amounts.warmMs });
  const begun = performance.now();
  const calls = await keepOpen(peer, amounts);
  return { per_s: calls / (performance.now() - begun) * 1000, calls };
}

/** All calls at once, in one go: how the time for them grows with their number. */
async function burst({ peer }: Bench, { open }: Required<Amounts>): Promise<Values> {
  several(peer);
  await Promise.all(Array.from({ length: open }, () => small(peer)));
  const times = await repeat(() => Promise.all(Array.from({ length: open }, () => small(peer))), { ms: 0, most: 3, least: 3 });
  return { ms: median(times) };
}

/** Streams one after the other, for a warm one is what most of a program's are. */
async function stream({ peer }: Bench, { count, ms, warmMs }: Required<Amounts>): Promise<Values> {
  await readStreams(peer, count, warmMs);
  const all = await readStreams(peer, count, ms);
  const keys = Object.keys(all[0]!);
  return Object.fromEntries(keys.map((key) => [key, median(all.map((values) => values[key]!))]));
}

async function argument({ peer }: Bench, amounts: Required<Amounts>): Promise<Values> {
  const text = "x".repeat(amounts.bytes);
  return await payload(peer, amounts, { name: "size_of", argument: text, wanted: (value) => value === amounts.bytes });
}

async function result({ peer }: Bench, amounts: Required<Amounts>): Promise<Values> {
  const wanted = (value: unknown): boolean => typeof value === "string" && value.length === amounts.bytes;
  return await payload(peer, amounts, { name: "text", argument: amounts.bytes, wanted });
}

async function fileArgument({ peer }: Bench, amounts: Required<Amounts>): Promise<Values> {
  if (peer.sendFile === undefined) throw new CannotError("it hands nothing over as files");
  const bytes = new Uint8Array(amounts.bytes).fill(120);
  return await timed(async () => await peer.sendFile!(bytes) === amounts.bytes, amounts, "An argument as a file");
}

async function fileResult({ peer }: Bench, amounts: Required<Amounts>): Promise<Values> {
  if (peer.fetchFile === undefined) throw new CannotError("it hands nothing over as files");
  return await timed(async () => (await peer.fetchFile!(amounts.bytes)).length === amounts.bytes, amounts, "A result as a file");
}

async function cancel({ peer }: Bench, { count }: Required<Amounts>): Promise<Values> {
  if (peer.nap === undefined) throw new CannotError("it cannot cancel a call");
  const answered: number[] = [];
  const free: number[] = [];
  for (let number = 0; number < count; number++) {
    const nap = peer.nap();
    const settled = Promise.resolve(nap.settled).then(() => {}, () => {});
    await new Promise((resolve) => setTimeout(resolve, 50)); // It has to be running: what is cancelled before is another story.
    const begun = performance.now();
    await nap.cancel();
    await settled;
    answered.push(performance.now() - begun);
    await small(peer);
    free.push(performance.now() - begun);
  }
  return { answered_ms: median(answered), free_ms: median(free) };
}

async function plugins(bench: Bench, { count }: Required<Amounts>): Promise<Values> {
  const loaded: Peer[] = [];
  try {
    const begun = performance.now();
    for (let number = 0; number < count; number++) {
      const peer = bench.another();
      loaded.push(peer);
      await peer.start();
    }
    const started = performance.now() - begun;
    for (const peer of loaded) await small(peer);
    const times = await repeat(() => Promise.all(loaded.map(small)), { ms: 100, most: 200 });
    return { start_ms: started, call_ms: median(times) };
  } finally {
    await Promise.all(loaded.map((peer) => peer.stop()));
  }
}

/** The end of a peer of its own: what another has been through, such as large values, would be a part of its end. */
async function stop(bench: Bench): Promise<Values> {
  if (bench.peer.call === undefined) return {}; // It has ended by itself.
  await small(await bench.start());
  const begun = performance.now();
  await bench.stop();
  return { ms: performance.now() - begun };
}

interface PayloadCall {
  readonly name: WorkName;
  readonly argument: number | string;
  readonly wanted: (value: unknown) => boolean;
}

async function payload(peer: Peer, amounts: Required<Amounts>, { name, argument, wanted }: PayloadCall): Promise<Values> {
  callOf(peer);
  return await timed(async () => wanted(await peer.call!(name, argument)), amounts, `"${name}"`);
}

async function timed(isRight: () => Promise<boolean>, { ms, most, bytes }: Required<Amounts>, what: string): Promise<Values> {
  const once = async (): Promise<void> => {
    if (!await isRight()) throw new Error(`${what} of ${bytes} bytes gave a wrong result`);
  };
  const begun = performance.now();
  await once();
  const first = performance.now() - begun;
  // A second try of what takes seconds teaches little.
  const times = first > 1000 ? [first] : await repeat(once, { ms, most });
  return { ms: median(times), calls: times.length };
}

async function readStreams(peer: Peer, count: number, ms: number): Promise<Values[]> {
  const all: Values[] = [];
  const end = performance.now() + ms;
  do all.push(await readStream(peer, count)); while (performance.now() < end);
  return all;
}

async function readStream(peer: Peer, count: number): Promise<Values> {
  if (peer.stream === undefined) throw new CannotError("it has no streams");
  const begun = performance.now();
  let first = NaN;
  let seen = 0;
  for await (const _ of peer.stream(count)) {
    if (seen++ === 0) first = performance.now() - begun;
  }
  if (seen !== count) throw new Error(`A stream of ${count} chunks gave ${seen}`);
  return { per_s: count / (performance.now() - begun) * 1000, first_ms: first, ms: performance.now() - begun };
}

async function keepOpen(peer: Peer, { open, ms, most }: Required<Amounts>): Promise<number> {
  const end = performance.now() + ms;
  let calls = 0;
  const one = async (): Promise<void> => {
    while (calls < most && performance.now() < end) {
      calls++;
      await small(peer);
    }
  };
  await Promise.all(Array.from({ length: open }, one));
  return calls;
}

/** The time that each call took, in milliseconds. */
async function repeat(once: () => unknown, { ms, most, least = 1 }: { ms: number; most: number; least?: number }): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + ms;
  let begun = performance.now();
  while (times.length < least || (times.length < most && begun < end)) {
    await once();
    const now = performance.now();
    times.push(now - begun);
    begun = now;
  }
  return times;
}

async function small(peer: Peer): Promise<void> {
  const value = await peer.call!("answer", 41);
  if (value !== 42) throw new Error(`The answer is ${JSON.stringify(value)}`);
}

function callOf(peer: Peer): void {
  if (peer.call === undefined) throw new CannotError("it makes no calls");
}

function several(peer: Peer): void {
  callOf(peer);
  if (peer.oneAtATime !== undefined) throw new CannotError(peer.oneAtATime);
}
