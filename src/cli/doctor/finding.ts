/**
 * What `doctor` says.
 *
 * @module
 */

/** Makes a finding about a plugin. */
export type Report = (check: string, verdict: Finding["verdict"], found: string, fix?: string) => Finding;

/** One thing that was looked at. */
export interface Finding {
  /** The host, or a plugin. */
  readonly about: string;
  /** What was looked at. */
  readonly check: string;
  /** Whether it is well. What is odd does no harm. */
  readonly verdict: "good" | "odd" | "bad";
  /** What was found. */
  readonly found: string;
  /** What to do about it. */
  readonly fix?: string;
}
