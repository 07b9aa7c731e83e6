/**
 * The Deno worker's entry: the control thread. It answers requests; the plugin's code runs in a thread of its own.
 *
 * @module
 */
import { type Address, isUnix, socketPathOf } from "../../protocol/address.ts";
import { isThere } from "../../protocol/is_there.ts";
import { BATCH_FEATURE } from "../../protocol/batch.ts";
import { CALLBACKS_FEATURE } from "../../protocol/functions.ts";
import { LOGS_FEATURE } from "../../protocol/log_body.ts";
import { type HelloMessage, METHODS_FEATURE, type StartFailure, type StartMessage } from "../../protocol/messages.ts";
import { PARTS_FEATURE } from "../../protocol/parts.ts";
import { PACKAGE_VERSION, PROTOCOL_VERSION } from "../../protocol/version.ts";
import { OWNER_FILE, OWNER_LINE } from "../../protocol/private_folder.ts";
import { registeredTelemetry, SPAN_DELAY_MS } from "../../protocol/telemetry.ts";
import { AHEAD_FEATURE, UPGRADE_FEATURE } from "../../protocol/upgrade.ts";
import { errorBody } from "./error_body.ts";
import { HttpServer } from "./http/server.ts";
import { consoleClass } from "./printed_lines.ts";
import { usageMeter } from "./process_usage.ts";
import { ScratchFiles } from "./scratch_files.ts";
import { WorkerSession } from "./session.ts";
import { BadStartError, readStartLine } from "./start_line.ts";
import { ThreadRunner } from "./thread_runner.ts";

/** This worker, as it calls itself in the hello line. */
const WORKER = `deno/${PACKAGE_VERSION}`;

/** How long the runtime may take to send spans, in milliseconds. The host waits two seconds in all for the end. */
const EXPORT_MS = 200;

/** How often it is tried to remove the folder, and how long it is waited in between, in milliseconds. */
const REMOVAL = { tries: 10, pauseMs: 5 } as const;

const FEATURES: readonly string[] = [
  ...[AHEAD_FEATURE, BATCH_FEATURE, "call_id", CALLBACKS_FEATURE, "cancel_by_id", "files", "frames"],
  ...consoleClass() === undefined ? [] : [LOGS_FEATURE],
  ...[METHODS_FEATURE, "signatures", "types", UPGRADE_FEATURE],
];

if (import.meta.main) await main();

async function main(): Promise<void> {
  const own: OwnFiles = { isLoading: true };
  try {
    const start = await readStartLine({ read: (buffer) => Deno.stdin.readSync(buffer) });
    const listener = listen(start.listen);
    own.socket = socketPathOf(start.listen);
    own.folder = start.folder;
    writeLine(hello(start, listener));
    if (start.limits.memory !== undefined || start.limits.processes !== undefined) awaitLimit();
    const session = serve(start, listener, filesOf(start));
    void session.loaded.then(() => own.isLoading = false);
  } catch (thrown) {
    attempt(() => writeLine({ protocol: PROTOCOL_VERSION, error: errorBody("bad_start", thrown) }));
    // When the host has gone before it was told, nobody else removes them.
    removeFiles(own);
    Deno.exit(1);
  }
  await untilEnd();
  if (mayKillGroup() && registeredTelemetry()?.trace !== undefined) await untilSpansAreSent();
  endEverything(own);
}

function listen(address: Address): Deno.Listener {
  if (!isUnix(address)) return Deno.listen({ hostname: address.tcp, port: 0 });
  const listener = Deno.listen({ transport: "unix", path: address.unix });
  // Whatever the umask: nobody but the owner may connect, also where the folder lets others in.
  Deno.chmodSync(address.unix, 0o600);
  return listener;
}

function serve(start: StartMessage, listener: Deno.Listener, scratch: ScratchFiles | undefined): WorkerSession {
  const { plugin, limits, token } = start;
  const batches = limits.batch !== undefined;
  const runner = new ThreadRunner(plugin, { files: scratch, runsOne: limits.max_concurrency === 1 && !batches, batches });
  const session = new WorkerSession(runner, { plugin, limits, pid: Deno.pid, usage: usageMeter(), features: featuresOf(start) });
  runner.flushed = () => session.flushed();
  const server = new HttpServer(session, { token, isTcp: !isUnix(start.listen), limits, scratch });
  void server.serve(listener);
  return session;
}

/** What is in the scratch folder, when this process may use it: a thread cannot be given what the process has not. */
function filesOf(start: StartMessage): ScratchFiles | undefined {
  const { scratch: folder, limits } = start;
  return mayUseScratch(start) ? new ScratchFiles({ folder, quota: limits.scratch_quota }) : undefined;
}

function mayUseScratch({ scratch: path }: StartMessage): boolean {
  if (typeof path !== "string" || path === "") return false;
  return (["read", "write"] as const).every((name) => Deno.permissions.querySync({ name, path }).state === "granted");
}

function hello(start: StartMessage, listener: Deno.Listener): HelloMessage {
  const { listen } = start;
  return {
    protocol: PROTOCOL_VERSION,
    address: isUnix(listen) ? listen : portOf(listener),
    pid: Deno.pid,
    worker: WORKER,
    features: featuresOf(start),
  };
}

/** Files can come and go as bytes where they can lie somewhere meanwhile. */
function featuresOf(start: StartMessage): readonly string[] {
  return mayUseScratch(start) ? [...FEATURES, PARTS_FEATURE] : FEATURES;
}

function portOf(listener: Deno.Listener): Address {
  const { hostname, port } = listener.addr as Deno.NetAddr;
  return { tcp: `${hostname}:${port}` };
}

function writeLine(message: HelloMessage | StartFailure): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}

/** Waits until the host has limited this process, before there is anything of the plugin's in it. */
function awaitLimit(): void {
  if (Deno.stdin.readSync(new Uint8Array(1)) === null) throw new BadStartError("The host has gone before it limited this process");
}

/** Waits until the host has closed its end of the pipe, or is gone. */
async function untilEnd(): Promise<void> {
  const buffer = new Uint8Array(1024);
  try {
    while (await Deno.stdin.read(buffer) !== null);
  } catch {
    // A pipe that cannot be read is no lifeline any more.
  }
}

function mayKillGroup(): boolean {
  return Deno.permissions.querySync({ name: "run" }).state === "granted";
}

/** The runtime sends its last spans when it exits, but not when it is killed, as this process is with its group. The first it sends one turn later. */
async function untilSpansAreSent(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 2 * SPAN_DELAY_MS + EXPORT_MS));
}

/** What goes with this process. */
interface OwnFiles {
  socket?: string;
  folder?: string;
  /** Whether the plugin is being loaded: the runtime writes to its cache then, which is in the folder. */
  isLoading: boolean;
}

/** Ends this process, and those that its plugin has started, and removes its files. */
function endEverything(own: OwnFiles): never {
  removeFiles(own);
  // The host starts a worker as the leader of a process group. This is refused where the plugin may run nothing, and then there is nothing to end.
  attempt(() => Deno.kill(-Deno.pid, "SIGKILL"));
  Deno.exit(0);
}

/** The host does it as well, but it may be gone. */
function removeFiles({ socket, folder, isLoading }: OwnFiles): void {
  if (socket !== undefined) attempt(() => removeSocket(socket));
  if (folder !== undefined) attempt(() => removeFolder(folder, isLoading));
}

/** Whatever else is at its path by now is somebody else's. */
function removeSocket(path: string): void {
  if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
}

/** Only a folder that says of itself that it may be removed is removed; again and again for as long as the runtime may be writing to it. */
function removeFolder(path: string, isLoading: boolean): void {
  const ownerFile = `${path}/${OWNER_FILE}`;
  if (!Deno.lstatSync(path).isDirectory || !Deno.lstatSync(ownerFile).isFile || Deno.readTextFileSync(ownerFile) !== OWNER_LINE) return;
  for (let tries = 0; tries < REMOVAL.tries; tries++) {
    if (isRemoved(path) && !isLoading) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REMOVAL.pauseMs);
  }
}

/** What says of the folder that it may be removed goes last, for another host goes on with what is left. */
function isRemoved(path: string): boolean {
  try {
    for (const { name } of Deno.readDirSync(path)) if (name !== OWNER_FILE) Deno.removeSync(`${path}/${name}`, { recursive: true });
    if (mayRemove(path)) Deno.removeSync(path, { recursive: true });
    return true;
  } catch {
    return !isThere(path);
  }
}

/** A process that the kernel holds may remove what is in its folder, and not the folder. What says that others may is left there then. */
function mayRemove(folder: string): boolean {
  try {
    Deno.removeSync(folder);
  } catch (error) {
    return !(error instanceof Deno.errors.PermissionDenied);
  }
  return false;
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The end must not wait for it.
  }
}
