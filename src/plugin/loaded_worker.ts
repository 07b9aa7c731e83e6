/**
 * A worker whose plugin is loaded: one that this host has started, or one that something else runs.
 *
 * @module
 */
import type { PluginError } from "../errors.ts";
import type { WorkerFiles } from "../payload/worker_files.ts";
import type { OutputLog } from "../process/output_log.ts";
import type { LaunchedWorker } from "../process/launcher.ts";
import type { WorkerExit } from "../process/running_child.ts";
import type { FilesWay } from "../protocol/exchange.ts";
import { LOGS_FEATURE } from "../protocol/log_body.ts";
import type { ReadyBody } from "../protocol/messages.ts";
import type { SendAhead, SendRequest } from "../transport/frame_source.ts";
import { type EndReason, exitError, type ExitFacts } from "./failures.ts";
import { Notices } from "./notices.ts";
import { type BatchLimits, capacityOf } from "../protocol/batch.ts";
import { type Entry, OrderedList } from "./ordered_list.ts";
import type { FrameCare } from "./reply.ts";
import { discardFrame, holdFrame } from "./results.ts";

/** How long a lost connection may wait for the news that the process has ended, in milliseconds. The kernel takes some two. */
export const EXIT_TIMEOUT_MS = 1_000;

/** What a loaded worker needs of what its launcher has started. */
export type WorkerHandle = Pick<
  LaunchedWorker,
  "hello" | "permissions" | "endpoint" | "placement" | "log" | "exited" | "endedWithin" | "onEnd" | "ref" | "unref"
>;

/** What a loaded worker is made of. */
export interface WorkerParts {
  /** Sends a request, on a connection of its own. */
  readonly send: SendRequest;
  /** Sends a call behind those that the worker has not answered, which it answers first; left out where it takes none ahead. */
  readonly sendAhead?: SendAhead;
  /** What the plugin says of itself. */
  readonly plugin: ReadyBody;
  readonly maxConcurrency: number;
  /** How it gathers calls; left out where each runs alone. */
  readonly batch?: BatchLimits;
  /** What was started, when this host has started it. */
  readonly process?: WorkerHandle;
  /** What the plugin asks for and cannot have, where that can be told. */
  readonly warnings?: readonly string[];
  /** What is handed over as files. */
  readonly files: WorkerFiles;
  /** Whether it takes and gives files as bytes behind the JSON, for a host that shares no folder with it. Default: no. */
  readonly takesParts?: boolean;
  /** Whether its calls may have functions. Default: no. */
  readonly takesFunctions?: boolean;
  /** Where the lines go that come with the frames of calls; left out where none do. */
  readonly callLog?: OutputLog;
  /** How the worker ended, where that can be told. */
  readonly exited?: Promise<WorkerExit>;
  /** Ends the worker, or lets go of one that something else runs. */
  readonly dispose: () => Promise<void>;
}

/** An operation on a worker, which is told of the worker's end. */
export interface Tenant {
  readonly name: { readonly member: string };
  /** Whether its caller has an answer already. */
  readonly isAbandoned: boolean;
  /** Whether the worker has nothing to run before it. */
  readonly isRunning: boolean;
  /** Reads what the worker had sent, and keeps it. */
  readOut(): Promise<void>;
  /** Nothing more is wanted of the worker. */
  drop(): void;
  /** The worker has ended. Resolves when nothing more is wanted of it. */
  lose(error: PluginError, how: LossOptions): Promise<void>;
  /** Ends the operation with an error for its caller. */
  abandon(error: unknown): void;
}

/** How a worker was lost. */
export interface LossOptions {
  /** Whether no other worker takes its place. */
  readonly isFinal: boolean;
}

/** Gives each operation of a worker that is gone its error, by the names of those that are told. */
export type LossError = (members: readonly string[]) => PluginError;

/** Why this host ends a worker by itself. */
export interface Termination extends EndReason {
  /** Whether the worker is to blame, so that the restart policy decides on what follows. Otherwise another one takes its place at once. */
  readonly isCrash: boolean;
}

/** A worker, what it runs, and how it ends. */
export class LoadedWorker implements AsyncDisposable {
  /** Sends a request, on a connection of its own. */
  readonly send: SendRequest;
  /** Sends a call behind those that the worker has not answered; `undefined` where it takes none ahead. */
  readonly sendAhead: SendAhead | undefined;
  /** What becomes of files in frames. */
  readonly care: FrameCare;
  /** What the plugin says of itself. */
  readonly plugin: ReadyBody;
  readonly maxConcurrency: number;
  /** How many calls are sent to it at once. */
  readonly capacity: number;
  /** What was started, when this host has started it. */
  readonly process: WorkerHandle | undefined;
  readonly warnings: readonly string[];
  readonly files: WorkerFiles;
  /** How files pass between it and this host; `undefined` where none does but small ones inside the JSON. */
  readonly filesWay: FilesWay | undefined;
  /** Whether its calls may have functions, which the plugin calls. */
  readonly takesFunctions: boolean;
  /** Where the lines go that come with the frames of calls; `undefined` where none do. */
  readonly callLog: OutputLog | undefined;
  /** Whether it tells what calls print with their frames, when it is asked to. */
  readonly tellsLines: boolean;
  /** How the worker ended, where that can be told. */
  readonly exited: Promise<WorkerExit> | undefined;
  /** Which calls it shall not begin with, as far as it has not heard that yet. */
  readonly notices = new Notices();
  readonly #dispose: () => Promise<void>;
  readonly #tenants = new OrderedList<Tenant>();
  #disposed: Promise<void> | undefined;
  #termination: Termination | undefined;

  /** Takes over what has been started or found. */
  constructor(parts: WorkerParts) {
    const { send, sendAhead, plugin, maxConcurrency, batch, process, warnings = [], files, takesParts, callLog, exited, dispose } = parts;
    this.send = send;
    this.sendAhead = sendAhead;
    this.care = { discard: (frame) => discardFrame(frame, files), hold: (frame) => holdFrame(frame, files) };
    this.plugin = plugin;
    this.maxConcurrency = maxConcurrency;
    this.capacity = capacityOf(maxConcurrency, batch);
    this.process = process;
    this.warnings = warnings;
    this.files = files;
    this.filesWay = files.areShared ? "shared" : takesParts ? "parts" : undefined;
    this.takesFunctions = parts.takesFunctions ?? false;
    this.callLog = callLog;
    this.tellsLines = callLog !== undefined || process?.hello.features.includes(LOGS_FEATURE) === true;
    this.exited = exited;
    this.#dispose = dispose;
  }

  /** Why this host has ended the worker; `undefined` for one that ended by itself. */
  get termination(): Termination | undefined {
    return this.#termination;
  }

  /** Tells this operation of the worker's end from now on. */
  admit(tenant: Tenant): Entry<Tenant> {
    return this.#tenants.add(tenant);
  }

  /** Tells it nothing more. */
  release(tenant: Entry<Tenant>): void {
    this.#tenants.remove(tenant);
  }

  /** How the process has ended, if it has, or does within the time that the news takes. */
  async ending(): Promise<WorkerExit | undefined> {
    return await this.process?.endedWithin(EXIT_TIMEOUT_MS);
  }

  /** The error of the operations that the worker ran when it ended. */
  exitError(exit: WorkerExit, members: readonly string[], { isReplaced }: Pick<ExitFacts, "isReplaced"> = {}): PluginError {
    const output = this.process?.log.tail ?? "";
    return exitError(this.plugin.name, exit, { output, calls: members, reason: this.#termination, isReplaced });
  }

  /** Ends the worker, which is of no use any more. Only the first reason counts. One that something else runs is left as it is. */
  async terminate(termination: Termination): Promise<void> {
    if (this.process === undefined) return;
    this.#termination ??= termination;
    this.files.outlive();
    await this[Symbol.asyncDispose]();
  }

  /**
   * Reads what the worker, which has ended, had sent, for its files go next. What it had sent to those who have given up is no use to anybody, and could
   * take seconds to read.
   */
  async readOut(): Promise<void> {
    await Promise.all([...this.#tenants].map((tenant) => tenant.isAbandoned ? tenant.drop() : tenant.readOut()));
  }

  /** The worker has ended: each operation fails, or is sent to the next worker. Resolves when nothing more is wanted of this one. */
  async lose(error: LossError, how: LossOptions): Promise<void> {
    const there = [...this.#tenants];
    const hit = there.filter(({ isAbandoned }) => !isAbandoned);
    const failure = error(runningOf(hit));
    for (const tenant of there) if (tenant.isAbandoned) tenant.drop();
    await Promise.all(hit.map((tenant) => tenant.lose(failure, how)));
  }

  /** The worker may go on, but this host wants nothing more of it. */
  abandonAll(error: LossError): void {
    const there = [...this.#tenants];
    const failure = error(runningOf(there.filter(({ isAbandoned }) => !isAbandoned)));
    for (const tenant of there) {
      tenant.abandon(failure);
      tenant.drop();
    }
  }

  /** Ends the worker, or lets go of one that something else runs. */
  [Symbol.asyncDispose](): Promise<void> {
    // A stack that is being disposed has whoever disposes it again go on at once.
    return this.#disposed ??= this.#dispose();
  }
}

/** What the worker ran; what waits in it for those to end it had not begun with. */
function runningOf(tenants: readonly Tenant[]): string[] {
  return tenants.filter(({ isRunning }) => isRunning).map(({ name }) => name.member);
}
