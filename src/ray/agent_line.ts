/**
 * The line to an agent, which carries what a worker's pipes would. It goes on over one connection after the other, for as long as the lease lasts.
 *
 * @module
 */
import { messageOf } from "../protocol/text.ts";
import { Timer } from "../protocol/timer.ts";
import { untilAborted } from "../protocol/until_aborted.ts";
import { JsonLines } from "./json_lines.ts";

/** The version of what host and agent say. */
const AGENT = 1;

/** The time between two signs of life of each side, in milliseconds. */
const BEAT_MS = 1_000;

/** The silence after which another connection is tried, in milliseconds. */
const SUSPECT_MS = 5_000;

/** How long a connection may take to open, and to be greeted on, in milliseconds. */
const OPEN_MS = 3_000;

/** The refusals in quick succession after which an agent counts as gone, and the pauses between attempts, in milliseconds. */
const MOST_REFUSED = 4;
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 1_000;

/** What an agent says first. Its paths are those of its node. */
export interface Greeting {
  /** The interpreter that runs the agent. */
  readonly python: string;
  /** The folder that is the worker's own. */
  readonly folder: string;
  /** Where the agent's and the worker's modules lie. */
  readonly modules: string;
  /** Where the plugin's code lies, when it was uploaded or fetched. */
  readonly cwd: string;
  /** Where environments are kept. */
  readonly cache: string;
  /** The system and the processor, for what was made on one node need not run on another. */
  readonly platform: string;
}

/** What an agent says later, and what becomes of the line. */
export interface LineEvents {
  /** One thing that it says. */
  readonly onMessage: (message: Readonly<Record<string, unknown>>) => void;
  /** For people, what becomes of the line. */
  readonly onNote: (note: string) => void;
  /** Nothing more comes. The reason goes on from "The worker was lost:". */
  readonly onLost: (reason: string) => void;
}

/** How an agent is reached. */
export interface LineTarget {
  /** Opens a connection on which the secret has been shown, with these facts beside it. */
  readonly open: (facts: object, signal: AbortSignal) => Promise<Deno.Conn>;
  /** What the node is called. */
  readonly node: string;
  readonly leaseMs: number;
  /** Whether the agent is not there any more, where it was refused several times, one shortly after the other. */
  readonly isGone: () => Promise<boolean>;
}

/** The line. */
export class AgentLine implements Disposable {
  readonly #target: LineTarget;
  readonly #events: LineEvents;
  readonly #greeting = Promise.withResolvers<Greeting>();
  readonly #closing = new AbortController();
  readonly #over = Promise.withResolvers<void>();
  /** What has to be said on each connection. It does no harm twice. */
  readonly #standing: object[] = [];
  #conn: Deno.Conn | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  #received = 0;
  /** For how long nothing was heard, as far as this host ran. */
  #silentMs = 0;
  #lastBeat = performance.now();
  #isSuspect = false;
  #isEnding = false;
  /** Why the last connection could not be opened. */
  #problem: unknown;
  #keepsAlive = true;
  #beat: Timer;

  /** Connects at once. */
  constructor(target: LineTarget, events: LineEvents) {
    this.#target = target;
    this.#events = events;
    this.#greeting.promise.catch(() => {}); // Nobody may be waiting for it.
    this.#beat = this.#nextBeat();
    void this.#run();
  }

  /** Waits until the agent has said where things are; rejects with the reason when the line is lost first. */
  async greeting(signal: AbortSignal): Promise<Greeting> {
    return await untilAborted(this.#greeting.promise, signal);
  }

  /** Whether nothing was heard for a while. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  /** Says something, once more on each connection that follows. It has to be harmless there. */
  say(message: object): void {
    this.#standing.push(message);
    this.#write(message);
  }

  /** All that was said has been heard, and is kept no longer: among it is what the plugin alone may know. */
  settle(): void {
    this.#standing.length = 0;
  }

  /** Keeps the program alive while the line is there. */
  ref(): void {
    this.#keepsAlive = true;
    (this.#conn as Deno.TcpConn | undefined)?.ref();
  }

  /** Lets the program end while the line is there. */
  unref(): void {
    this.#keepsAlive = false;
    (this.#conn as Deno.TcpConn | undefined)?.unref();
    this.#beat.unref();
  }

  /** Hangs up for good. */
  [Symbol.dispose](): void {
    this.#closing.abort();
    this.#beat[Symbol.dispose]();
    this.#hangUp();
    this.#over.resolve();
  }

  /** Tells the agent that nothing more is wanted, and waits until it has hung up, for at most so long. */
  async end(milliseconds: number): Promise<void> {
    this.#isEnding = true;
    this.say({ done: true });
    using _limit = new Timer(milliseconds, () => this[Symbol.dispose]());
    await this.#over.promise;
  }

  async #run(): Promise<void> {
    let refused = 0;
    for (let pauseMs = FIRST_PAUSE_MS; !this.#closing.signal.aborted;) {
      try {
        await this.#connection(() => {
          refused = 0;
          pauseMs = FIRST_PAUSE_MS;
          this.#problem = undefined;
        });
      } catch (error) {
        this.#problem = error;
        if (isRefusal(error)) refused++;
      }
      if (this.#isEnding || this.#closing.signal.aborted) break;
      if (this.#problem instanceof Deno.errors.NotCapable) return this.#lose(`this host may not connect to node ${this.#target.node}`);
      if (refused >= MOST_REFUSED && await this.#target.isGone()) {
        return this.#lose(`nothing answers any more at its agent on node ${this.#target.node}`);
      }
      await this.#pause(pauseMs);
      pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS);
    }
    this[Symbol.dispose]();
  }

  /** One connection, from its opening to its end. Whoever is hung up on before the greeting has found somebody else, or an agent that is ending. */
  async #connection(onGreeted: () => void): Promise<void> {
    const opening = new AbortController();
    using limit = new Timer(OPEN_MS, () => opening.abort(new Deno.errors.TimedOut()));
    if (!this.#keepsAlive) limit.unref();
    const conn = await this.#target.open(
      { to: "agent", received: this.#received },
      AbortSignal.any([opening.signal, this.#closing.signal]),
    );
    this.#hold(conn);
    const lines = new JsonLines(conn);
    opening.signal.addEventListener("abort", () => this.#hangUp());
    const first = await lines.next();
    if (first === undefined) throw new Deno.errors.ConnectionRefused("It hung up");
    this.#heard();
    this.#greet(first);
    limit[Symbol.dispose]();
    onGreeted();
    for (const message of this.#standing) this.#write(message);
    for (let message = await lines.next(); message !== undefined; message = await lines.next()) {
      this.#heard();
      this.#take(message);
    }
  }

  #hold(conn: Deno.Conn): void {
    this.#hangUp();
    this.#conn = conn;
    this.#writing = Promise.resolve();
    if (!this.#keepsAlive) (conn as Deno.TcpConn).unref();
    if (this.#closing.signal.aborted) this.#hangUp();
  }

  /** Facts that came while no connection was there are in the greeting, and what is missing is told by its number. */
  #greet(message: Record<string, unknown>): void {
    if (message.agent !== AGENT) return this.#lose(`its agent on node ${this.#target.node} speaks another language than this host`);
    const first = Number(message.first);
    const missed = first - this.#received - 1;
    if (missed > 0) {
      this.#received = first - 1;
      this.#events.onNote(`${missed} pieces of output are lost, for the node ${this.#target.node} could not be reached`);
    }
    this.#greeting.resolve(message as unknown as Greeting);
    for (const fact of ["started", "failure", "exit"]) {
      if (fact in message) this.#events.onMessage({ [fact]: message[fact] });
    }
  }

  #take(message: Record<string, unknown>): void {
    if (typeof message.n === "number") {
      if (message.n <= this.#received) return;
      this.#received = message.n;
    }
    this.#events.onMessage(message);
  }

  #heard(): void {
    this.#silentMs = 0;
    if (this.#isSuspect) this.#events.onNote(`The node ${this.#target.node} is heard again`);
    this.#isSuspect = false;
  }

  #nextBeat(): Timer {
    const beat = new Timer(BEAT_MS, () => this.#onBeat());
    return this.#keepsAlive ? beat : beat.unref();
  }

  /** Only time in which this thread ran counts: while it was stopped nobody could hear anything. */
  #onBeat(): void {
    const now = performance.now();
    this.#silentMs += Math.min(now - this.#lastBeat, 2 * BEAT_MS);
    this.#lastBeat = now;
    const { node, leaseMs } = this.#target;
    if (this.#silentMs >= leaseMs) {
      const why = this.#problem === undefined ? "" : `: ${messageOf(this.#problem)}`;
      return this.#lose(`nothing was heard of node ${node} for ${leaseMs / 1_000} s${why}`);
    }
    this.#beat = this.#nextBeat();
    this.#write({ received: this.#received });
    if (this.#isSuspect || this.#silentMs < Math.min(SUSPECT_MS, leaseMs / 2)) return;
    this.#isSuspect = true;
    this.#events.onNote(`Nothing was heard of node ${node} for ${Math.round(this.#silentMs / 1_000)} s`);
    // A network that is mended lets a new connection through at once, and an old one when its next attempt is due.
    this.#hangUp();
  }

  #lose(reason: string): void {
    if (this.#closing.signal.aborted) return;
    this[Symbol.dispose]();
    this.#greeting.reject(new Error(reason, { cause: this.#problem }));
    this.#events.onLost(reason);
  }

  /** In order. A connection that takes nothing any more is found out by its silence. */
  #write(message: object): void {
    const conn = this.#conn;
    if (conn === undefined) return;
    const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    this.#writing = this.#writing.then(() => writeAll(conn, bytes)).catch(() => this.#hangUp(conn));
  }

  #hangUp(conn: Deno.Conn | undefined = this.#conn): void {
    if (conn === this.#conn) this.#conn = undefined;
    try {
      conn?.close();
    } catch {
      // It is closed already.
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    using timer = new Timer(milliseconds, over.resolve);
    if (!this.#keepsAlive) timer.unref();
    await untilAborted(over.promise, this.#closing.signal).catch(() => {});
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.ConnectionReset;
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await conn.write(bytes.subarray(written));
}
