/**
 * What a client is told of a plugin.
 *
 * @module
 */
import type { PluginInfo, PluginState, PluginStats } from "../../manager/info.ts";
import type { QueuedEvent } from "../../process/launcher.ts";
import { messageOf } from "../../protocol/text.ts";
import type { Role } from "../context.ts";

/** A plugin as somebody of that role is told of it. Where it lies is the operators' to know. */
export function toldInfo(info: PluginInfo, role: Role): Record<string, unknown> {
  const state = toldState(info.state, role);
  if (role === "operator") return { ...info, state };
  const { source: _, ...others } = info;
  return { ...others, warnings: [], state, queued: info.queued.map(withoutReason) };
}

/** What a plugin uses, as somebody of that role is told of it. What a cluster is made of is the operators' to know. */
export function toldStats(stats: PluginStats, role: Role): Record<string, unknown> {
  const state = toldState(stats.state, role);
  if (role === "operator") return { ...stats, state };
  const workers = stats.workers.map(({ placement: _, ...worker }) => worker);
  return { ...stats, state, workers, queued: stats.queued.map(withoutReason) };
}

/** For what a start waits can name a cluster's nodes and packages. */
function withoutReason({ sinceMs }: QueuedEvent): Omit<QueuedEvent, "reason"> {
  return { sinceMs };
}

/** What a plugin is doing. Why it could not be started has paths and output of this machine in it. */
function toldState(state: PluginState, role: Role): Record<string, unknown> {
  if (state.kind !== "failed") return state;
  return role === "operator" ? { kind: state.kind, error: messageOf(state.error) } : { kind: state.kind };
}
