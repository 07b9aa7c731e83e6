/**
 * How the agent of a job is reached, and how it knows its host.
 *
 * @module
 */
import { Timer } from "../protocol/timer.ts";
import type { AgentAddress, RaySettings } from "./options.ts";

/** A secret that the agent asks for, and what is told of it to everybody. */
export interface AgentSecret {
  readonly secret: string;
  /** Its hash by SHA-256. */
  readonly verifier: string;
}

/** 256 random bits. */
export async function createSecret(): Promise<AgentSecret> {
  const secret = crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  return { secret, verifier: new Uint8Array(digest).toHex() };
}

/** How long a connection to a node may take to open. */
const OPEN_MS = 10_000;

/** An agent that listens. */
export class AgentTarget {
  readonly #secret: string;
  readonly #reach: RaySettings["reach"];
  readonly #agent: AgentAddress;
  #address: AgentAddress;
  readonly #closing = new AbortController();
  readonly #open = new Set<WeakRef<Deno.Conn>>();

  /** Nothing is opened yet. */
  constructor(agent: AgentAddress, { reach }: Pick<RaySettings, "reach">, secret: string) {
    this.#agent = this.#address = agent;
    this.#reach = reach;
    this.#secret = secret;
  }

  /** What its cluster calls its node. */
  get node(): string {
    return this.#agent.hostname;
  }

  /** Where this host last looked for the agent. */
  get address(): AgentAddress {
    return this.#address;
  }

  /** Opens a connection, and shows the secret on it with these facts. */
  async open(facts: object, signal: AbortSignal): Promise<Deno.Conn> {
    const { hostname, port } = this.#address = await this.#reach?.(this.#agent) ?? this.#agent;
    const conn = await Deno.connect({ hostname, port, signal });
    try {
      conn.setNoDelay();
      conn.setKeepAlive();
      await conn.write(new TextEncoder().encode(`${JSON.stringify({ secret: this.#secret, ...facts })}\n`));
      return conn;
    } catch (error) {
      conn.close();
      throw error;
    }
  }

  /** Opens a connection on which the worker's socket answers. */
  async dial(): Promise<Deno.Conn> {
    const opening = new AbortController();
    using _limit = new Timer(OPEN_MS, () => opening.abort(new Deno.errors.TimedOut(`The node ${this.node} does not answer`)));
    const conn = await this.open({ to: "worker" }, AbortSignal.any([opening.signal, this.#closing.signal]));
    for (const known of this.#open) if (known.deref() === undefined) this.#open.delete(known);
    this.#open.add(new WeakRef(conn));
    return conn;
  }

  /** Closes what was dialled: the network lets nobody know that a node is gone. */
  hangUp(): void {
    this.#closing.abort();
    for (const known of this.#open) close(known.deref());
    this.#open.clear();
  }
}

function close(conn: Deno.Conn | undefined): void {
  try {
    conn?.close();
  } catch {
    // It is closed already.
  }
}
