/**
 * What a plugin of a manager is doing, as its entry knows it and as others are told.
 *
 * @module
 */
import { PluginStateError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { PluginState } from "./info.ts";
import type { Pool } from "./pool.ts";

/** What an entry is doing. */
export type EntryState =
  | { readonly kind: "registered" }
  | { readonly kind: "starting" }
  | { readonly kind: "disabled" }
  | { readonly kind: "closed" }
  | { readonly kind: "running" | "reloading"; readonly pool: Pool; readonly spec: PluginSpec }
  | { readonly kind: "stopping"; readonly pool: Pool }
  | { readonly kind: "failed"; readonly error: unknown };

/** What others are told of it. */
export function toldState(state: EntryState): PluginState {
  if (state.kind === "closed") return { kind: "stopping" };
  if ("spec" in state) return { kind: state.kind, workers: state.pool.replicas.size };
  // Whoever has been told that the last worker was stopped need not wait until its entry has noticed.
  if ("pool" in state) return { kind: state.pool.isGone ? "registered" : state.kind };
  return state;
}

/** It refuses calls. */
export function disabledError(plugin: string): PluginStateError {
  return new PluginStateError(`Cannot use "${plugin}": it is disabled. Call enable("${plugin}") first`, { plugin });
}
