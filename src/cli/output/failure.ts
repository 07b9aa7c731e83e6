/**
 * What a plugin's own error tells besides its message.
 *
 * @module
 */
import { PluginError, RemoteError } from "../../errors.ts";

/** How it is told. */
export interface FailureOptions {
  /** Whether what plugins print is shown, and so the whole traceback is too. */
  readonly logs: boolean | undefined;
}

/** The lines below the message: where the plugin's code failed, and how to see more. None for what is not the plugin's own. */
export function failureLines(error: unknown, { logs }: FailureOptions): string[] {
  const remote = remoteOf(error);
  if (remote === undefined || remote.traceback === "") return [];
  if (logs) return [remote.traceback];
  const place = placeIn(remote.traceback);
  const more = logs === undefined ? [] : ["  --logs shows the traceback and what the plugin prints"];
  return [...place === undefined ? [] : [`  at ${place}`], ...more];
}

function remoteOf(error: unknown): RemoteError | undefined {
  if (error instanceof RemoteError) return error;
  return error instanceof PluginError && error.cause instanceof RemoteError ? error.cause : undefined;
}

/** Where it was raised: the last line of a Python traceback, the first of a stack of JavaScript. */
function placeIn(traceback: string): string | undefined {
  const python = [...traceback.matchAll(/^ +File "(.+)", line (\d+)/gm)].at(-1);
  const [, file, line] = python ?? /^ +at .*?file:\/\/(\/[^\s:]+):(\d+):\d+/m.exec(traceback) ?? [];
  return file === undefined ? undefined : `${file}:${line}`;
}
