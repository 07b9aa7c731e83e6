/**
 * How a blocking proxy has its thread start a plugin.
 *
 * @module
 */
import type { EnvironmentStep } from "../environments/environment.ts";
import { asChecked } from "../manifest/load.ts";
import type { Manifest, PluginSpec } from "../manifest/manifest.ts";
import type { Launcher, LauncherData, QueuedEvent } from "../process/launcher.ts";
import type { TraceContext } from "../protocol/telemetry.ts";
import { messageOf } from "../protocol/text.ts";
import type { BridgeControl } from "../transport/blocking/server.ts";
import type { StartOptions } from "./interface.ts";

/** Asks for a start. */
export interface StartRequest {
  readonly kind: "start";
  readonly manifest: string | Manifest | PluginSpec;
  /** Whether the manifest was checked before it was sent. */
  readonly isChecked: boolean;
  /** The options that are data. */
  readonly options: StartOptions;
  /** What makes the launcher anew; left out for the default. */
  readonly launcher?: LauncherData;
  /** What of the start somebody listens to. */
  readonly reports: readonly StartReport["kind"][];
  /** Whether what the plugin tries is kept for somebody to look at. */
  readonly audit: boolean;
  readonly trace?: TraceContext;
}

/** What a start tells before it has ended. */
export type StartReport =
  | { readonly kind: "environment"; readonly step: EnvironmentStep }
  | { readonly kind: "queued"; readonly event: QueuedEvent }
  | { readonly kind: "begin" };

/** What is to be started. */
export function manifestOf({ manifest, isChecked }: StartRequest): string | Manifest | PluginSpec {
  return isChecked ? asChecked(manifest as PluginSpec) : manifest;
}

/**
 * How it is to be started.
 *
 * @throws {TypeError} When this thread cannot make the launcher.
 */
export async function startOptions({ options, launcher, reports }: StartRequest, control: BridgeControl): Promise<StartOptions> {
  // It goes the way of a call's progress.
  const tell = (report: StartReport) => control.onProgress({ progress: -1, message: JSON.stringify(report) });
  return {
    ...options,
    ...launcher && { launcher: await launcherOf(launcher) },
    ...reports.includes("environment") && { onEnvironment: (step) => tell({ kind: "environment", step }) },
    ...reports.includes("queued") && { onQueued: (event) => tell({ kind: "queued", event }) },
    ...reports.includes("begin") && { onBegin: () => tell({ kind: "begin" }) },
  };
}

/** Makes in this thread what another one was given. */
async function launcherOf({ module, options }: LauncherData): Promise<Launcher> {
  const { launcherFrom } = await loaded(module);
  if (launcherFrom === undefined) throw new TypeError(`The launcher's module "${module}" exports no "launcherFrom"`);
  return launcherFrom(options);
}

/** The program that `deno bundle` has made one module of is not run again here, and its launcher cannot be had. */
async function loaded(module: string): Promise<{ readonly launcherFrom?: (options: unknown) => Launcher }> {
  try {
    return await import(module);
  } catch (cause) {
    const message = `The launcher's module "${module}" cannot be loaded in the thread of a blocking proxy: ${messageOf(cause)}`;
    throw new TypeError(`${message}. In a program of one bundle use RemotePluginProxy`, { cause });
  }
}
