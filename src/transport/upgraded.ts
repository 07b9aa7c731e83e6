/**
 * Requests over connections that the worker has upgraded from HTTP to bare frames: what `fetch` and HTTP cost beside a small call is saved, and
 * nothing else differs.
 *
 * @module
 */
import { type Address, isLoopback, isUnix, parseAddress } from "../protocol/address.ts";
import type { Exchange, WireRequest } from "../protocol/exchange.ts";
import { type Frame, isLastFrame } from "../protocol/frames.ts";
import { type HeldBack, UpgradedConnection, type UpgradeTarget } from "./upgraded_connection.ts";
import { demandToken, type HttpEndpoint } from "./http.ts";

/** How many connections are kept for the next requests: as many as calls that are often open at once. */
const MAX_IDLE = 16;

/** The connections to one worker on this machine. A request has one for itself until its last frame has come. */
export class UpgradedTransport implements Disposable {
  readonly #target: UpgradeTarget;
  readonly #open = new Set<UpgradedConnection>();
  #idle: UpgradedConnection[] = [];
  #isClosed = false;

  /**
   * Prepares for a worker that upgrades connections; nothing is sent.
   *
   * @param heldBack Hears the worker's farewell, where this host does.
   */
  constructor({ url, token = "" }: HttpEndpoint, heldBack?: HeldBack) {
    this.#target = { address: demandAddress(url), token, heldBack };
  }

  /** Whether a worker can be reached so from here: it has to be on this machine, and the host one that opens connections by itself. */
  static reaches({ url }: HttpEndpoint): boolean {
    const address = parseAddress(url);
    return typeof Deno.connect === "function" && address !== undefined && (isUnix(address) || isLoopback(address.tcp));
  }

  /** Sends one request and yields the frames of its reply. Aborting the signal closes its connection. */
  readonly exchange: Exchange = (request, signal) => this.#exchange(request, signal);

  /**
   * Opens a connection ahead of the first request.
   *
   * @throws {RefusedError} When the worker upgrades none.
   * @throws {BrokenReplyError} When it cannot be reached so.
   */
  async prepare(signal: AbortSignal): Promise<void> {
    const connection = await this.#connect();
    const hangUp = () => this.#drop(connection);
    signal.addEventListener("abort", hangUp, { once: true });
    try {
      signal.throwIfAborted();
      await connection.upgraded();
      this.#idle.push(connection);
    } catch (error) {
      hangUp();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", hangUp);
    }
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const connection of this.#open) connection.close();
    this.#open.clear();
    this.#idle = [];
  }

  async *#exchange(request: WireRequest, signal: AbortSignal): AsyncGenerator<Frame, void, void> {
    signal.throwIfAborted();
    const connection = this.#idle.pop() ?? await this.#connect();
    const hangUp = () => this.#drop(connection);
    signal.addEventListener("abort", hangUp, { once: true });
    let isFree = false;
    try {
      signal.throwIfAborted();
      await connection.send(request);
      while (!isFree) {
        for (const frame of await connection.receive()) {
          // Nobody asks for anything after the last frame, so that all has to be done before it.
          if (isLastFrame(frame)) {
            isFree = true;
            signal.removeEventListener("abort", hangUp);
            this.#keep(connection);
          }
          yield frame;
        }
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error;
    } finally {
      if (!isFree) {
        signal.removeEventListener("abort", hangUp);
        hangUp();
      }
    }
  }

  async #connect(): Promise<UpgradedConnection> {
    demandToken(this.#target.token);
    const connection = await UpgradedConnection.open(this.#target);
    this.#open.add(connection);
    if (this.#isClosed) this.#drop(connection);
    return connection;
  }

  #keep(connection: UpgradedConnection): void {
    if (this.#open.has(connection) && this.#idle.length < MAX_IDLE) this.#idle.push(connection);
    else this.#drop(connection);
  }

  #drop(connection: UpgradedConnection): void {
    this.#open.delete(connection);
    connection.close();
  }
}

function demandAddress(url: string): Address {
  const address = parseAddress(url);
  if (address === undefined) throw new TypeError(`No worker upgrades connections at "${url}"`);
  return address;
}
