/**
 * The Deno worker's entry: the control thread. The plugin's code runs in a thread of its own, for whose start a user waits longest: so the few
 * modules that it takes are imported here, and what answers requests is loaded meanwhile.
 *
 * @module
 */
import {
  type Address,
  type HelloMessage,
  PROTOCOL_VERSION,
  type StartFailure,
  type StartMessage,
  UPGRADE_FEATURE,
} from "../../protocol/messages.ts";
import type { Scratch } from "./outbox.ts";
import { readStartLine } from "./start_line.ts";
import { StartedThread } from "./started_thread.ts";

/** This worker, as it calls itself in the hello line. */
const WORKER = "deno/0.1.0";

const FEATURES: readonly string[] = ["call_id", "cancel_by_id", "files", "frames", "types", UPGRADE_FEATURE];

if (import.meta.main) await main();

async function main(): Promise<void> {
  const { start, listener } = await begin();
  const thread = new StartedThread(start.plugin, scratchOf(start));
  const { serve } = await import("./control.ts");
  const { strays } = serve(thread, start, listener);
  await untilEnd();
  const files = [..."unix" in start.listen ? [start.listen.unix] : [], ...start.folder === undefined ? [] : [start.folder]];
  endEverything(files, strays);
}

interface Begun {
  readonly start: StartMessage;
  readonly listener: Deno.Listener;
}

/** Listens as the start line says, and says hello; what stands in the way of that is said in its place. */
async function begin(): Promise<Begun> {
  try {
    const start = await readStartLine({ read: (buffer) => Deno.stdin.readSync(buffer) });
    const listener = listen(start.listen);
    writeLine(hello(start, listener));
    return { start, listener };
  } catch (thrown) {
    const { errorBody } = await import("./error_body.ts");
    writeLine({ protocol: PROTOCOL_VERSION, error: errorBody("bad_start", thrown) });
    Deno.exit(1);
  }
}

function listen(address: Address): Deno.Listener {
  if (!("unix" in address)) return Deno.listen({ hostname: address.tcp, port: 0 });
  const listener = Deno.listen({ transport: "unix", path: address.unix });
  // Whatever the umask: nobody but the owner may connect, also where the folder lets others in.
  Deno.chmodSync(address.unix, 0o600);
  return listener;
}

/** The scratch folder, when this process may use it: a thread cannot be given what the process has not. */
function scratchOf({ scratch: folder, limits }: StartMessage): Scratch | undefined {
  if (typeof folder !== "string" || folder === "") return undefined;
  const mayUse = (["read", "write"] as const).every((name) => Deno.permissions.querySync({ name, path: folder }).state === "granted");
  return mayUse ? { folder, quota: limits.scratch_quota } : undefined;
}

function hello({ listen }: StartMessage, listener: Deno.Listener): HelloMessage {
  const { hostname, port } = listener.addr as Deno.NetAddr;
  const address = "unix" in listen ? listen : { tcp: `${hostname}:${port}` };
  return { protocol: PROTOCOL_VERSION, address, pid: Deno.pid, worker: WORKER, features: FEATURES };
}

function writeLine(message: HelloMessage | StartFailure): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
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

/** Ends this process, and those that its plugin has started, and removes its files: the host does it as well, but it may be gone. */
function endEverything(files: readonly string[], strays: Iterable<number>): never {
  for (const file of files) attempt(() => Deno.removeSync(file, { recursive: true }));
  for (const pid of strays) attempt(() => Deno.kill(-pid, "SIGKILL"));
  // The host starts a worker as the leader of a process group. This is refused where the plugin may run nothing, and then there is nothing to end.
  attempt(() => Deno.kill(-Deno.pid, "SIGKILL"));
  Deno.exit(0);
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The end must not wait for it.
  }
}
