/**
 * What a client is told of a plugin.
 *
 * @module
 */
import type { PluginInfo, PluginState } from "../../manager/info.ts";
import { messageOf } from "../../protocol/text.ts";
import type { Role } from "../context.ts";

/** A plugin as somebody of that role is told of it. Where it lies is the operators' to know. */
export function toldInfo(info: PluginInfo, role: Role): Record<string, unknown> {
  const state = toldState(info.state, role);
  if (role === "operator") return { ...info, state };
  const { source: _, ...others } = info;
  return { ...others, warnings: [], state };
}

/** What a plugin is doing. Why it could not be started has paths and output of this machine in it. */
export function toldState(state: PluginState, role: Role): Record<string, unknown> {
  if (state.kind !== "failed") return state;
  return role === "operator" ? { kind: state.kind, error: messageOf(state.error) } : { kind: state.kind };
}
