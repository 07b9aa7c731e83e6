/**
 * What is measured of a plugin on a cluster.
 *
 * @module
 */
import type { FileResult, PluginInterface } from "@remote-plugin/proxy";
import { median } from "../driver/stats.ts";

/** The milliseconds that something takes. */
export async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** One plugin here and there, asked for the same in turns, so that what else the machine does falls on both. */
export interface Turns {
  readonly here: PluginInterface;
  readonly there: PluginInterface;
}

/** One figure of a comparison, with the milliseconds of each round. */
export interface Compared {
  readonly what: string;
  readonly here: readonly number[];
  readonly there: readonly number[];
  /** How many times as long it may take there. */
  readonly most: number;
}

const CALL_ROUNDS = 15;
const CALLS = 300;
const VALUE_ROUNDS = 7;
const VALUE_BYTES = 64 * 1024 * 1024;

/** A call that does nothing: the median one of a round. */
export async function smallCalls({ here, there }: Turns): Promise<Compared> {
  const figures: { here: number; there: number }[] = [];
  for (let round = 0; round <= CALL_ROUNDS; round++) {
    const times: { here: number[]; there: number[] } = { here: [], there: [] };
    for (let call = 0; call < CALLS; call++) {
      times.here.push(await milliseconds(() => here.execute()));
      times.there.push(await milliseconds(() => there.execute()));
    }
    if (round > 0) figures.push({ here: median(times.here), there: median(times.there) });
  }
  return { what: "small call", ...inColumns(figures), most: 1.5 };
}

/** 64 MiB that the plugin gets as a file. */
export async function argument(turns: Turns): Promise<Compared> {
  const data = crypto.getRandomValues(new Uint8Array(65_536));
  const value = new Uint8Array(VALUE_BYTES);
  for (let at = 0; at < VALUE_BYTES; at += data.length) value.set(data, at);
  return await values("64 MiB there", turns, async (plugin) => {
    if (await plugin.execute({ data: value }) !== VALUE_BYTES) throw new Error("Not all has arrived");
  });
}

/** 64 MiB that the plugin returns, read into memory. */
export async function result(turns: Turns): Promise<Compared> {
  return await values("64 MiB back", turns, async (plugin) => {
    await using file = await plugin.execute<FileResult>({ size: VALUE_BYTES });
    if ((await file.bytes()).length !== VALUE_BYTES) throw new Error("Not all has arrived");
  });
}

async function values(what: string, { here, there }: Turns, work: (plugin: PluginInterface) => Promise<void>): Promise<Compared> {
  const figures: { here: number; there: number }[] = [];
  for (let round = 0; round <= VALUE_ROUNDS; round++) {
    const figure = { here: await milliseconds(() => work(here)), there: await milliseconds(() => work(there)) };
    if (round > 0) figures.push(figure);
  }
  return { what, ...inColumns(figures), most: 1.5 };
}

function inColumns(rounds: readonly { readonly here: number; readonly there: number }[]): Pick<Compared, "here" | "there"> {
  return { here: rounds.map(({ here }) => here), there: rounds.map(({ there }) => there) };
}

/** How late each of 40 chunks arrives that are made every 50 ms. Host and node are one machine here, with one clock. */
export async function chunkLags(plugin: PluginInterface): Promise<number[]> {
  const lags: number[] = [];
  for await (const madeAt of plugin.executeStream<number>({ count: 40, seconds: 0.05 })) {
    lags.push(performance.timeOrigin + performance.now() - madeAt);
  }
  return lags;
}
