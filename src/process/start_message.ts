/**
 * What a worker is told at its start.
 *
 * @module
 */
import { dirname } from "@std/path";
import type { PluginSpec } from "../manifest/manifest.ts";
import type { WorkerGrant } from "../permissions/worker_grant.ts";
import type { Address } from "../protocol/address.ts";
import type { StartMessage, WorkerLimits } from "../protocol/messages.ts";
import { MAX_BODY_BYTES } from "../protocol/sizes.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import type { ScratchFolders } from "../payload/worker_files.ts";
import type { WorkerCommand } from "./command.ts";
import type { WorkerFolder } from "./worker_folder.ts";
import { kernelBounds, resourceLimits } from "./kernel_bounds.ts";

/** How long a cancelled call may take to stop by itself, in milliseconds: a few turns of a loop that looks at its signal. */
export const CANCEL_GRACE_MS = 200;

/** Where the files of a worker lie. */
export interface StartFiles {
  readonly folder: Pick<WorkerFolder, "path">;
  readonly scratch: ScratchFolders;
}

/** What the start line says besides the plugin. */
export interface StartFacts {
  readonly listen: Address;
  readonly command: Pick<WorkerCommand, "target" | "foreign">;
  readonly grant: WorkerGrant;
  readonly files: StartFiles;
  readonly quota: number;
  readonly audit: boolean;
}

/** The start line for a worker. */
export function startMessage(spec: PluginSpec, { listen, command, grant, files, quota, audit }: StartFacts): StartMessage {
  const limits: WorkerLimits = {
    max_concurrency: spec.maxConcurrency,
    ...(spec.batch === undefined ? {} : { batch: spec.batch }),
    max_body_bytes: MAX_BODY_BYTES,
    cancel_grace_ms: CANCEL_GRACE_MS,
    scratch_quota: quota,
    ...resourceLimits(spec),
  };
  const { disk, memory } = files.scratch;
  const isBounded = spec.runtime.kind === "python" && (grant.keeper !== undefined || audit);
  // A manifest that the program itself has written, and read from no file, may have modules anywhere.
  const home = spec.source === undefined ? {} : { home: dirname(spec.source) };
  const bounds = isBounded
    ? { ...kernelBounds(grant.permissions), ...home, within: grant.within, hold: grant.keeper !== undefined, audit }
    : undefined;
  return {
    protocol: PROTOCOL_VERSION,
    token: createToken(),
    listen,
    plugin: command.target,
    foreign: command.foreign,
    limits,
    ...(bounds === undefined ? {} : { bounds }),
    scratch: disk,
    ...(memory === undefined ? {} : { memory_scratch: memory }),
    folder: files.folder.path,
  };
}

/** 256 random bits. */
function createToken(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true });
}
