/**
 * One worker process: started, watched, ended.
 *
 * @module
 */
import { PluginError } from "../errors.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { workerVariables } from "../permissions/environment.ts";
import { grantTo, type WorkerGrant } from "../permissions/worker_grant.ts";
import { DEFAULT_QUOTA, type ScratchFolders } from "../payload/worker_files.ts";
import { chooseTransport, demandPermissions, isLimitedByHost, memoryRoot, scratchRoot } from "../permissions/required.ts";
import { type Address, addressUrl, isUnix } from "../protocol/address.ts";
import type { HelloMessage, PermissionSet, StartMessage } from "../protocol/messages.ts";
import { inBubblewrap, insideStatus } from "./bubblewrap.ts";
import { ChildWorker } from "./child_worker.ts";
import { type CommandContext, pluginFolder, WORKER_SOURCES, type WorkerCommand, workerCommand } from "./command.ts";
import { endGroup } from "./end_group.ts";
import { dial } from "./dial.ts";
import { awaitHello } from "./handshake.ts";
import { demandBounds, kernelBounds } from "./kernel_bounds.ts";
import type { LaunchedWorker, LaunchOptions, LaunchWatch, WorkerAddress } from "./launcher.ts";
import { limitWorker } from "./worker_limits.ts";
import { fetchModules } from "./module_fetch.ts";
import { spawn } from "./spawn.ts";
import { messageOf } from "../protocol/text.ts";
import { startError } from "./start_failure.ts";
import { type StartFacts, startMessage } from "./start_message.ts";
import { startLineComplaint } from "./start_size.ts";
import { ChosenSocket, unixAddress } from "./socket_path.ts";
import { MemoryWatch } from "./memory_watch.ts";
import { type ChildCare, RunningChild } from "./running_child.ts";
import { WorkerFolder } from "./worker_folder.ts";
import { PermissionAudit } from "./permission_audit.ts";
import type { OutputLog } from "./output_log.ts";

/** What a worker was started with. */
interface Launched {
  readonly spec: PluginSpec;
  readonly start: StartMessage;
  readonly grant: WorkerGrant;
}

/** A worker that is a process of this machine. */
export class WorkerProcess extends ChildWorker implements LaunchedWorker {
  /** The plugin, with the interpreter of its environment. */
  readonly spec: PluginSpec;
  /** What the worker said of itself. */
  readonly hello: HelloMessage;
  /** The token that each request must carry. */
  readonly token: string;
  /** What the plugin was given; `undefined` for one that the system's own rights alone bound. */
  readonly permissions: PermissionSet | undefined;
  /** What the plugin asks for and cannot have, though the policy has room for it: programs that were not found. */
  readonly warnings: readonly string[];
  /** Where it and this host keep the files that they hand to each other. */
  readonly scratch: ScratchFolders;
  /** Where other programs reach it. */
  readonly endpoint: WorkerAddress;
  /** It is on this machine. */
  readonly placement = undefined;

  private constructor(hello: HelloMessage, { spec, start, grant: { permissions, keeper, warnings } }: Launched, running: RunningChild) {
    super(running);
    this.spec = spec;
    this.hello = hello;
    this.token = start.token;
    this.permissions = keeper === undefined ? undefined : permissions;
    this.warnings = warnings;
    this.scratch = { disk: start.scratch, memory: start.memory_scratch };
    this.endpoint = { url: addressUrl(hello.address), token: start.token, scratch: this.scratch };
  }

  /**
   * Starts a worker and waits until it listens.
   *
   * @throws {PermissionDeniedError} When the host lacks a permission; nothing was started then.
   * @throws {ManifestError} When a variable would configure the runtime of a Deno plugin, and the policy does not name it; nothing was started then.
   * @throws {TypeError} When the policy has an entry that Deno would read as another one; nothing was started then.
   * @throws {WorkerStartError} When it does not get as far, or cannot be bounded as it should be; nothing is left then.
   */
  static async launch(
    spec: PluginSpec,
    options: LaunchOptions,
    { signal, log }: Pick<LaunchWatch, "signal" | "log">,
  ): Promise<WorkerProcess> {
    demandPermissions(spec, options);
    const grant = grantTo(spec, options);
    const variables = workerVariables({ ...spec, inheritEnv: grant.inherits }, options.permissions ?? {});
    demandBounds(spec, grant);
    await using cleanup = new AsyncDisposableStack();
    const folder = cleanup.use(await made(spec, options, () => new WorkerFolder(scratchRoot(options), memoryRoot(spec, options))));
    const socket = chosenSocket(spec, options, folder);
    const listen = await chooseAddress(spec, options, { folder, socket });
    const audit = options.auditPermissions !== undefined;
    const bare = await prepareCommand(spec, { folder, listen, grant, variables, audit });
    const tooLarge = startLineComplaint(bare, grant);
    if (tooLarge !== undefined) throw startError(spec, "spawn", tooLarge, {});
    const unfetched = await fetchModules(bare, signal);
    if (unfetched !== undefined) throw startError(spec, "load", `its modules cannot be fetched: ${unfetched}`, { output: unfetched });
    log.takeLine = auditOf(spec, options, { grant, folder, listen });
    const scratchMade = () => made(spec, options, () => folder.makeScratch());
    const command = await enclosed(
      spec,
      { command: bare, keeper: grant.keeper },
      async () => ({ listen, grant, files: { folder, scratch: await scratchMade() } }),
    );
    const child = spawn(spec, command);
    const running = new RunningChild(child, { ...careFor(child, command), log, removeFiles: () => removeAll(folder, socket) });
    cleanup.defer(() => running.end());
    const files = { folder, scratch: await scratchMade() };
    const start = startMessage(spec, { listen, command, grant, files, audit, quota: options.scratchQuota ?? DEFAULT_QUOTA });
    await running.sendStartLine(start);
    const hello = await awaitHello(spec, running, { start, signal });
    if (isLimitedByHost(spec)) {
      await limitWorker(spec, { pid: child.pid, folder, environment: variables.own });
      await running.sendGo();
    }
    cleanup.move();
    const seen = command.isSandboxed ? { ...hello, pid: child.pid } : hello;
    return new WorkerProcess(seen, { spec, start, grant }, running);
  }

  /** Opens a connection to its socket. */
  dial(): Promise<Deno.Conn> {
    return dial(this.hello.address);
  }
}

function auditOf(
  { runtime, ...spec }: PluginSpec,
  { auditPermissions, bounds }: LaunchOptions,
  { grant, folder, listen }: Pick<CommandContext, "grant" | "folder" | "listen">,
): OutputLog["takeLine"] {
  if (auditPermissions === undefined) return undefined;
  const own = [folder.path, ...WORKER_SOURCES, isUnix(listen) ? listen.unix : `${listen.tcp}:0`];
  const audit = runtime.kind === "deno"
    ? new PermissionAudit(auditPermissions, {
      granted: grant.permissions,
      isFree: false,
      own,
      modules: [pluginFolder(spec, runtime) ?? folder.path],
    })
    : new PermissionAudit(auditPermissions, {
      granted: undefined,
      isFree: grant.keeper === undefined && bounds !== "watched",
      own,
      modules: [],
    });
  return (line) => audit.take(line);
}

/** A worker that runs in a sandbox is shown its files from the start, so that they have to be there. */
async function enclosed(
  spec: PluginSpec,
  { command, keeper }: { readonly command: WorkerCommand; readonly keeper: WorkerGrant["keeper"] },
  facts: () => Promise<Pick<StartFacts, "listen" | "grant" | "files">>,
): Promise<WorkerCommand> {
  if (spec.runtime.kind !== "python" || !spec.runtime.isSandboxed || keeper === undefined) return command;
  const { listen, grant, files } = await facts();
  return await inBubblewrap(spec, command, { listen, files, bounds: kernelBounds(grant.permissions) });
}

/** What a Python worker's supervisor does for itself, Deno workers have their host do. Only a plugin that may run programs can have left some. */
function careFor(
  { pid }: Deno.ChildProcess,
  { target: { permissions }, isSandboxed }: WorkerCommand,
): Pick<ChildCare, "memory" | "endGroup" | "readStatus"> {
  if (permissions === undefined) return isSandboxed ? { readStatus: insideStatus } : {};
  const mayHaveChildren = permissions.run !== undefined || permissions.ffi !== undefined;
  return { memory: MemoryWatch.over(pid), endGroup: mayHaveChildren ? () => endGroup(pid) : undefined };
}

/** A worker that was killed leaves its socket, which need not be in its folder. */
async function removeAll(folder: WorkerFolder, socket: ChosenSocket | undefined): Promise<void> {
  await folder[Symbol.asyncDispose]();
  await socket?.clear();
}

async function made<Made>(spec: PluginSpec, options: LaunchOptions, make: () => Made | Promise<Made>): Promise<Made> {
  try {
    return await make();
  } catch (cause) {
    const root = scratchRoot(options);
    throw startError(spec, "spawn", `a private folder in "${root}" cannot be made. Give another one as "scratchDir"`, { cause });
  }
}

function chosenSocket(spec: PluginSpec, options: LaunchOptions, { path }: WorkerFolder): ChosenSocket | undefined {
  const { socketPath } = options;
  return socketPath === undefined || chooseTransport(spec, options) === "tcp" ? undefined : new ChosenSocket(socketPath, path);
}

interface AddressFacts {
  readonly folder: WorkerFolder;
  readonly socket: ChosenSocket | undefined;
}

async function chooseAddress(spec: PluginSpec, options: LaunchOptions, { folder, socket }: AddressFacts): Promise<Address> {
  if (chooseTransport(spec, options) === "tcp") return { tcp: "127.0.0.1" };
  try {
    return socket === undefined ? unixAddress(folder.file("worker.sock")) : await socket.free();
  } catch (cause) {
    throw startError(spec, "spawn", messageOf(cause), { cause });
  }
}

/** A disk that is full shows here first: the worker's program is written to its folder. */
async function prepareCommand(spec: PluginSpec, context: CommandContext): Promise<WorkerCommand> {
  try {
    return await workerCommand(spec, context);
  } catch (cause) {
    if (cause instanceof PluginError) throw cause;
    const problem = `its worker cannot be written to "${context.folder.path}": ${messageOf(cause)}`;
    throw startError(spec, "spawn", `${problem}. Make room there, or give another folder as "scratchDir"`, { cause });
  }
}
