/**
 * Floors: what the machine takes for the parts of a call.
 *
 * @module
 */
import type { Peer, WorkName } from "../peer.ts";
import { interpreter, temporaryFolder, workPath } from "../places.ts";

/** A program that does nothing, from its start to its end. */
export class BareStart implements Peer {
  readonly #command: readonly string[];

  constructor(command: readonly string[]) {
    this.#command = command;
  }

  async start(): Promise<void> {
    const [program, ...args] = this.#command;
    const { success } = await new Deno.Command(program!, { args, stdin: "null", stdout: "null", stderr: "null" }).output();
    if (!success) throw new Error(`"${this.#command.join(" ")}" has failed`);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/** A few bytes over a unix socket to a bare Python server and back. */
export class SocketEcho implements Peer {
  readonly oneAtATime = "it has one connection";
  #server: Deno.ChildProcess | undefined;
  #connection: Deno.UnixConn | undefined;
  readonly #buffer = new Uint8Array(1024);
  /** As long as what a small call sends. */
  readonly #message = new TextEncoder().encode(
    `execute 52 call=${crypto.randomUUID()}\n{"args":[],"kwargs":{"name":"answer","argument":41}}`,
  );

  async start(): Promise<void> {
    const path = `${temporaryFolder()}/${crypto.randomUUID().slice(0, 8)}.sock`;
    this.#server = new Deno.Command(interpreter(), { args: [workPath("echo_server.py"), path], stdin: "piped", stdout: "piped" }).spawn();
    const reader = this.#server.stdout.getReader();
    if ((await reader.read()).done) throw new Error("The echo server has not started");
    reader.releaseLock();
    this.#connection = await Deno.connect({ transport: "unix", path });
  }

  async call(_name: WorkName, _argument: number | string): Promise<unknown> {
    await this.#connection!.write(this.#message);
    let count = 0;
    while (count < this.#message.length) count += await this.#connection!.read(this.#buffer) ?? Infinity;
    return count === this.#message.length ? 42 : count;
  }

  async stop(): Promise<void> {
    this.#connection?.close();
    await this.#server?.stdin.close();
    await this.#server?.stdout.cancel();
    await this.#server?.status;
  }
}

/** One copy of the bytes in this process's own memory. */
export class Memcpy implements Peer {
  #copy = new Uint8Array(0);
  #bytes = new Uint8Array(0);

  start(): Promise<void> {
    return Promise.resolve();
  }

  call(name: WorkName, argument: number | string): unknown {
    if (name === "answer") return 42;
    const size = typeof argument === "string" ? argument.length : argument;
    if (this.#bytes.length !== size) [this.#bytes, this.#copy] = [new Uint8Array(size).fill(1), new Uint8Array(size)];
    this.#copy.set(this.#bytes);
    return this.#copy.length;
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
