/**
 * One making of an environment: for whom, and who watches it.
 *
 * @module
 */
import type { EnvironmentStep } from "./environment.ts";

/** What all steps of a making share. */
export interface Making {
  /** The plugin's name. */
  readonly plugin: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Whether nothing may be fetched. */
  readonly offline: boolean;
  /** Tells a step. */
  readonly report: (step: EnvironmentStep) => void;
}
