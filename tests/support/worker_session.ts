/**
 * Sessions of plugins in this thread, for tests.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { WireRequest } from "../../src/protocol/exchange.ts";
import type { Frame } from "../../src/protocol/frames.ts";
import { isLastFrame } from "../../src/protocol/frames.ts";
import type { ErrorBody } from "../../src/protocol/messages.ts";
import type { Plugin } from "../../src/worker/define_plugin.ts";
import { InlineRunner } from "../../src/worker/deno/inline_runner.ts";
import { loadPlugin } from "../../src/worker/deno/load_plugin.ts";
import type { PluginRunner } from "../../src/worker/deno/plugin_runner.ts";
import { WorkerSession } from "../../src/worker/deno/session.ts";

export const LABEL = { name: "test", version: "1.0.0" };
export const NEVER = new AbortController().signal;

export function sessionOf(runner: PluginRunner, maxConcurrency = 1): WorkerSession {
  const usage = () => Promise.resolve({ cpu_percent: 0, memory_rss_mb: 0 });
  return new WorkerSession(runner, { plugin: LABEL, limits: { max_concurrency: maxConcurrency }, pid: 1, usage });
}

export function open<K, R, C, G>(plugin: Plugin<K, R, C, G>, maxConcurrency?: number): WorkerSession {
  return sessionOf(new InlineRunner(loadPlugin(plugin, LABEL)), maxConcurrency);
}

export async function frames(session: WorkerSession, request: WireRequest, signal: AbortSignal = NEVER): Promise<Frame[]> {
  return await Array.fromAsync(session.exchange(request, signal));
}

export async function last(session: WorkerSession, request: WireRequest): Promise<Frame> {
  const all = await frames(session, request);
  const frame = all.at(-1);
  assert(frame !== undefined && isLastFrame(frame) && all.filter(isLastFrame).length === 1);
  return frame;
}

export async function result(session: WorkerSession, request: WireRequest): Promise<unknown> {
  const frame = await last(session, request);
  assert("result" in frame, JSON.stringify(frame));
  return frame.result;
}

export async function failure(session: WorkerSession, request: WireRequest): Promise<ErrorBody> {
  const frame = await last(session, request);
  assert("error" in frame, JSON.stringify(frame));
  return frame.error;
}

/** A plugin whose calls stay open until they are let go. */
export function gate() {
  const started: string[] = [];
  const doors = new Map<string, () => void>();
  const arrivals = new Map<string, () => void>();
  return {
    started,
    plugin: {
      async execute({ name }: { name: string }): Promise<string> {
        started.push(name);
        const door = new Promise<void>((resolve) => doors.set(name, resolve));
        arrivals.get(name)?.();
        await door;
        return name;
      },
    },
    arrival: (name: string): Promise<void> => doors.has(name) ? Promise.resolve() : new Promise((resolve) => arrivals.set(name, resolve)),
    letGo(name: string): void {
      doors.get(name)!();
      doors.delete(name);
    },
  };
}

export const call = (name: string): WireRequest => ({ endpoint: "execute", body: { kwargs: { name } }, callId: name });
