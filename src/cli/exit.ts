/**
 * How the program ends.
 *
 * @module
 */
import { ManifestError, PermissionDeniedError, PluginError, type PluginErrorCode, PluginStateError, WorkerStartError } from "../errors.ts";

/** The exit codes, as `--help` lists them. */
export const EXIT = {
  /** All went well. */
  ok: 0,
  /** The plugin's call failed. */
  callFailed: 1,
  /** The command line is wrong, or names no known plugin. */
  usage: 2,
  /** The plugin cannot be started. */
  startFailed: 3,
  /** `doctor` has found something that has to be mended. */
  unwell: 4,
  /** `gen --check` has found that the file is not the one that it would write, or `test` that the plugin answers otherwise than it was recorded. */
  outOfDate: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** The text of `--help` on the exit codes. */
export const EXIT_HELP = `
Exit codes:
  0    all went well
  1    the plugin's call failed
  2    the command line is wrong, names no known plugin, or gives it a configuration that its schema does not allow
  3    the plugin cannot be started: its manifest, a permission, its worker
  4    doctor has found something that has to be mended
  5    gen --check has found that the file is out of date, or test that the plugin answers otherwise
  130  Ctrl-C
`;

/** The command line is wrong. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Somebody pressed Ctrl-C. */
export class Interruption extends Error {
  override name = "Interruption";
}

/** The codes of errors by which the command line is wrong. */
const USAGE: ReadonlySet<PluginErrorCode> = new Set(["unknown_plugin", "invalid_arguments", "invalid_recording"]);

/** The exit code that an error stands for. */
export function exitCode(error: unknown): number {
  if (error instanceof Interruption) return EXIT.interrupted;
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof PluginError && USAGE.has(error.code)) return EXIT.usage;
  const isStart = [ManifestError, PermissionDeniedError, WorkerStartError, PluginStateError].some((kind) => error instanceof kind);
  return isStart ? EXIT.startFailed : EXIT.callFailed;
}
