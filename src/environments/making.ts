/**
 * One making of an environment: for whom, and who watches it.
 *
 * @module
 */
import { hostVariable } from "../manifest/host_access.ts";
import type { EnvironmentOptions, EnvironmentStep } from "./environment.ts";

/** What all steps of a making share. */
export interface Making {
  /** The plugin's name. */
  readonly plugin: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Whether nothing may be fetched. */
  readonly offline: boolean;
  /** Whether packages are taken as wheels alone. */
  readonly wheelsOnly: boolean;
  /** Tells a step. */
  readonly report: (step: EnvironmentStep) => void;
}

const NEVER: AbortSignal = new AbortController().signal;

/** A making for a plugin, with what is left out as it is by default. */
export function makingOf(plugin: string, options: EnvironmentOptions): Making {
  const { signal = NEVER, offline = isOffline(), wheelsOnly = false, onEnvironment: report = () => {} } = options;
  return { plugin, signal, offline, wheelsOnly, report };
}

function isOffline(): boolean {
  return /^(1|true|yes|on|t|y)$/i.test(hostVariable("UV_OFFLINE") ?? "");
}
