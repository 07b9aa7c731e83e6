/**
 * The Deno worker's entry: the control thread. It answers requests; the plugin's code runs in a thread of its own.
 *
 * @module
 */
import { type Address, type HelloMessage, PROTOCOL_VERSION, type StartFailure, type StartMessage } from "../../protocol/messages.ts";
import { errorBody } from "./error_body.ts";
import { HttpServer } from "./http_server.ts";
import { usageMeter } from "./process_usage.ts";
import { WorkerSession } from "./session.ts";
import { readStartLine } from "./start_line.ts";
import { ThreadRunner } from "./thread_runner.ts";

/** This worker, as it calls itself in the hello line. */
const WORKER = "deno/0.1.0";

if (import.meta.main) await main();

async function main(): Promise<void> {
  let socket: string | undefined;
  try {
    const start = await readStartLine(Deno.stdin);
    const listener = listen(start.listen);
    socket = "unix" in start.listen ? start.listen.unix : undefined;
    writeLine(hello(start, listener));
    serve(start, listener);
  } catch (thrown) {
    writeLine({ protocol: PROTOCOL_VERSION, error: errorBody("bad_start", thrown) });
    Deno.exit(1);
  }
  await untilEnd();
  endEverything(socket);
}

function listen(address: Address): Deno.Listener {
  if (!("unix" in address)) return Deno.listen({ hostname: address.tcp, port: 0 });
  const listener = Deno.listen({ transport: "unix", path: address.unix });
  // Whatever the umask: nobody but the owner may connect, also where the folder lets others in.
  Deno.chmodSync(address.unix, 0o600);
  return listener;
}

function serve(start: StartMessage, listener: Deno.Listener): void {
  const { plugin, limits, token } = start;
  const session = new WorkerSession(new ThreadRunner(plugin), { plugin, limits, pid: Deno.pid, usage: usageMeter() });
  const server = new HttpServer(session, { token, isTcp: "tcp" in start.listen, limits });
  void server.serve(listener);
}

function hello({ listen }: StartMessage, listener: Deno.Listener): HelloMessage {
  const { hostname, port } = listener.addr as Deno.NetAddr;
  const address = "unix" in listen ? listen : { tcp: `${hostname}:${port}` };
  return { protocol: PROTOCOL_VERSION, address, pid: Deno.pid, worker: WORKER, features: ["call_id", "cancel_by_id", "frames", "types"] };
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

/** Ends this process, and those that its plugin has started. */
function endEverything(socket: string | undefined): never {
  if (socket !== undefined) attempt(() => Deno.removeSync(socket));
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
