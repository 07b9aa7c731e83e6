/**
 * What is measured of a server.
 *
 * @module
 */
import { type FileResult, RemotePluginProxy } from "@remote-plugin/proxy";
import { median } from "../driver/stats.ts";
import { processorTimes, usedBetween } from "../processor_time.ts";
import { KeepAlive, writtenRequest } from "./keep_alive.ts";
import type { Server } from "./servers.ts";

/** Figures by name. */
export type Values = Record<string, number>;

/** How long calls are measured, in milliseconds. */
export interface Time {
  readonly ms: number;
  readonly warmMs: number;
}

const CALL = JSON.stringify({ kwargs: { name: "answer", argument: 41 } });
const MIB = 2 ** 20;

/** Small calls with so many open: how many a second, and what one takes of the processors, in microseconds. */
export async function calls(server: Server, path: string, { open, ms, warmMs }: Time & { readonly open: number }): Promise<Values> {
  const { url, token } = server.facts;
  const request = writtenRequest(url + path, { token, body: CALL });
  const connections = await Promise.all(Array.from({ length: open }, () => KeepAlive.open(url)));
  try {
    await callFor(connections, request, warmMs);
    const before = await processorTimes(await server.pids());
    const begun = performance.now();
    const count = await callFor(connections, request, ms);
    const seconds = (performance.now() - begun) / 1_000;
    const after = await processorTimes(await server.pids());
    const own = new Map([...after].filter(([pid]) => pid === server.pid));
    const used = (times: ReadonlyMap<number, number>): number => 1_000 * usedBetween(before, times) / count;
    return { per_s: count / seconds, server_us: used(own), workers_us: used(after) - used(own) };
  } finally {
    for (const connection of connections) connection[Symbol.dispose]();
  }
}

async function callFor(connections: readonly KeepAlive[], request: Uint8Array, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let count = 0;
  await Promise.all(connections.map(async (connection) => {
    while (performance.now() < end) {
      const { status, body } = await connection.exchange(request);
      if (status !== 200 || body !== "42") throw new Error(`A call was answered with ${status}: ${body}`);
      count++;
    }
  }));
  return count;
}

/** A program that calls the plugin by way of the gateway, as users do. */
export function attached({ facts: { url, token } }: Server): Promise<RemotePluginProxy> {
  return RemotePluginProxy.attach({ url: `${url}/work`, token });
}

/** How many items of a stream come in a second. */
export async function stream(plugin: RemotePluginProxy, count: number): Promise<Values> {
  const begun = performance.now();
  let seen = 0;
  for await (const _ of plugin.executeStream({ count })) seen++;
  if (seen !== count) throw new Error(`${seen} of ${count} items have come`);
  return { per_s: count / ((performance.now() - begun) / 1_000) };
}

/** A file to a plugin, and one from it, in milliseconds. The result is read as it comes, and not kept. */
export async function files(plugin: RemotePluginProxy, bytes: Uint8Array<ArrayBuffer>): Promise<Values> {
  const up_ms = await millisecondsOf(async () => {
    const size = await plugin.execute({ name: "size_of_file", argument: bytes });
    if (size !== bytes.length) throw new Error(`${size} bytes have come, not ${bytes.length}`);
  });
  const down_ms = await millisecondsOf(async () => {
    await using file = await plugin.execute<FileResult>({ name: "bytes", argument: bytes.length });
    await readAll(file.stream(), bytes.length);
  });
  return { up_ms, down_ms };
}

/** The same of the bare server. */
export async function bareFiles({ facts: { url } }: Server, bytes: Uint8Array<ArrayBuffer>): Promise<Values> {
  const up_ms = await millisecondsOf(async () => {
    const size = await (await fetch(`${url}/upload`, { method: "POST", body: bytes })).json();
    if (size !== bytes.length) throw new Error(`${size} bytes have come, not ${bytes.length}`);
  });
  const down_ms = await millisecondsOf(async () => await readAll((await fetch(`${url}/download`)).body!, bytes.length));
  return { up_ms, down_ms };
}

async function readAll(stream: ReadableStream<Uint8Array>, length: number): Promise<void> {
  let read = 0;
  for await (const piece of stream) read += piece.length;
  if (read !== length) throw new Error(`${read} bytes have come, not ${length}`);
}

/** How much more memory the server's process has had while so many files went through it at once, in MiB a call. */
export async function memoryOfFiles(server: Server, plugin: RemotePluginProxy, { open, bytes }: MemoryOptions): Promise<Values> {
  const sent = new Uint8Array(bytes);
  const each = (action: () => Promise<void>): Promise<number> =>
    peakDuring(server, () => Promise.all(Array.from({ length: open }, action)));
  const up = await each(async () => void await plugin.execute({ name: "size_of_file", argument: sent }));
  const down = await each(async () => {
    await using file = await plugin.execute<FileResult>({ name: "bytes", argument: bytes });
    await readAll(file.stream(), bytes);
  });
  return { up_mib: up / open, down_mib: down / open };
}

/** How many files, of which size. */
export interface MemoryOptions {
  readonly open: number;
  readonly bytes: number;
}

async function peakDuring(server: Server, action: () => Promise<unknown>): Promise<number> {
  const before = await server.memoryMb("VmRSS");
  await server.resetPeak();
  await action();
  return Math.max(0, await server.memoryMb("VmHWM") - before);
}

/**
 * How long one small call takes on a connection of its own, connecting included, in milliseconds: the median of some, and the longest. It goes to a plugin that
 * nobody else calls.
 */
export async function honestCalls({ facts: { url, token } }: Server, count: number): Promise<Values> {
  const request = writtenRequest(`${url}/honest/execute`, { token, body: CALL });
  const times: number[] = [];
  for (let call = 0; call < count; call++) {
    times.push(
      await millisecondsOf(async () => {
        using connection = await KeepAlive.open(url);
        const { status, body } = await connection.exchange(request);
        if (status !== 200) throw new Error(`An honest call was answered with ${status}: ${body}`);
      }),
    );
  }
  return { p50_ms: median(times), most_ms: Math.max(...times) };
}

async function millisecondsOf(action: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await action();
  return performance.now() - begun;
}

/** 64 MiB, the size of the page's tables. */
export const FILE_BYTES: number = 64 * MIB;
