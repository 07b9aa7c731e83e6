/**
 * The workers of one plugin, and the calls that wait for one.
 *
 * @module
 */
import { CallCancelledError, PluginStateError } from "../errors.ts";
import type { StopReason } from "./events.ts";
import type { Lease, PoolHost, PoolLimits } from "./pool_host.ts";
import type { Replica } from "./replica.ts";
import { WaitingLine } from "./waiting_line.ts";

/** A worker with brief calls, so many in a row, is given so many more than it runs. It takes them ahead, and begins with the next one at once. */
const AHEAD = { after: 8, calls: 64 } as const;

/** Workers that share the calls of one plugin. */
export class Pool {
  readonly #host: PoolHost;
  readonly #limits: PoolLimits;
  readonly #replicas = new Set<Replica>();
  readonly #waiting = new WaitingLine<Lease>();
  readonly #growing = new Set<Promise<void>>();
  /** Workers that take no calls any more, and have not ended yet. */
  readonly #leaving = new Map<Replica, Promise<void>>();
  /** Aborted when it takes no more calls, so that no start of a worker is of use any more. */
  readonly #closing = new AbortController();
  #drained: PromiseWithResolvers<void> | undefined;
  #latest: Replica | undefined;

  /** Makes a pool without workers. */
  constructor(host: PoolHost, limits: PoolLimits) {
    this.#host = host;
    this.#limits = limits;
  }

  /** Whether it takes no more calls. */
  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Whether it is closing, and all its workers have ended. */
  get isGone(): boolean {
    return this.isClosing && this.#replicas.size + this.#leaving.size + this.#growing.size === 0;
  }

  /** Its workers. */
  get replicas(): ReadonlySet<Replica> {
    return this.#replicas;
  }

  /** The worker that got the last call. */
  get latest(): Replica | undefined {
    return this.#latest !== undefined && this.#replicas.has(this.#latest) ? this.#latest : this.#replicas.values().next().value;
  }

  /** How many calls wait for a worker, those included that one has been given ahead. */
  get waiting(): number {
    let ahead = 0;
    for (const { calls } of this.#replicas) ahead += Math.max(0, calls - this.#limits.callsEach);
    return this.#waiting.length + ahead;
  }

  /** When it was last used; `undefined` while it is in use. */
  get idleSince(): number | undefined {
    let last = 0;
    for (const { users, lastUsed } of this.#replicas) {
      if (users > 0) return undefined;
      last = Math.max(last, lastUsed);
    }
    return this.#waiting.length > 0 || this.#growing.size > 0 || this.#replicas.size === 0 ? undefined : last;
  }

  /** Starts the first workers. */
  async start(): Promise<void> {
    const { signal } = this.#closing;
    for (const replica of await this.#host.startFirst(this.#limits.min, signal)) this.#add(replica);
    if (!signal.aborted) return this.#keepSpare();
    await this.#releaseAll("unload");
    throw signal.reason;
  }

  /** Whether the code that asks runs within a callback of a call here, and nothing but the end of calls makes room for another one. */
  get isFullInCallback(): boolean {
    return this.#replicas.size >= this.#limits.max && this.#replicas.values().some(({ plugin }) => plugin.isInCallback);
  }

  /** A turn for a call with the worker that has the fewest, if one is free. */
  tryAcquire(): Lease | undefined {
    const replica = this.isClosing ? undefined : this.#leastLoaded();
    if (replica === undefined) return undefined;
    const lease = this.#lease(replica, 1);
    this.#keepSpare();
    return lease;
  }

  /**
   * A turn for a call, in the order of asking. More workers are started while there may be more. `undefined` when the pool has closed meanwhile.
   *
   * @throws The signal's reason, when it aborts first.
   */
  acquire(signal: AbortSignal): Promise<Lease | undefined> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const free = this.tryAcquire();
    if (free !== undefined || this.isClosing) return Promise.resolve(free);
    const turn = this.#waiting.join(signal);
    this.#grow();
    return turn;
  }

  /** Keeps a worker from being let go while it is asked something that takes no turn. */
  visit(replica: Replica): Lease {
    return this.#lease(replica, 0);
  }

  /** Cancels the calls that wait for a worker. False when there was none. */
  cancelWaiting(): boolean {
    const { plugin } = this.#host;
    return this.#waiting.refuseAll(() => new CallCancelledError(`A waiting call of "${plugin}" was cancelled`, { plugin }));
  }

  /** Takes out a worker that has gone by itself. */
  lost(replica: Replica): void {
    if (!this.#replicas.has(replica)) return;
    void this.#release(replica);
    this.#serve();
    this.#noticeLoss();
  }

  /** Lets one worker go at once. */
  drop(replica: Replica, reason: StopReason): Promise<void> {
    return this.#release(replica, () => this.#host.onStopped(replica, reason));
  }

  /** Lets go of workers beyond `min` that have been idle since that moment. */
  async shrink(idleSince: number): Promise<void> {
    const idle = [...this.#replicas].filter(({ users, lastUsed }) => users === 0 && lastUsed <= idleSince);
    const keep = Math.max(this.#limits.min, this.#busy() + this.#limits.spare);
    await Promise.all(idle.slice(0, Math.max(0, this.#replicas.size - keep)).map((replica) => this.drop(replica, "idle")));
  }

  /** Takes no more calls, and resolves when the last open one has ended and all workers are gone. */
  async retire(reason: StopReason): Promise<void> {
    this.#close();
    this.#waiting.sendAway();
    if (this.#inUse()) await (this.#drained ??= Promise.withResolvers()).promise;
    await this.#releaseAll(reason);
  }

  /** Takes no more calls, and ends all workers at once, with what they run. */
  async end(reason: StopReason): Promise<void> {
    this.#close();
    this.cancelWaiting();
    await this.#releaseAll(reason);
  }

  #close(): void {
    const { plugin } = this.#host;
    this.#closing.abort(new PluginStateError(`"${plugin}" was stopped while its worker was being started`, { plugin }));
  }

  async #releaseAll(reason: StopReason): Promise<void> {
    const dropped = [...this.#replicas].map((replica) => this.drop(replica, reason));
    await Promise.all([...dropped, ...this.#leaving.values(), ...this.#growing]);
  }

  /** Whoever closes the pool waits for this one too, whatever has let it go. */
  #release(replica: Replica, onReleased: () => void = () => {}): Promise<void> {
    this.#replicas.delete(replica);
    this.#noticeDrained();
    const leaving = this.#untilReleased(replica, onReleased);
    this.#leaving.set(replica, leaving);
    return leaving;
  }

  /** Whoever hears of it finds the pool as it is without that worker. */
  async #untilReleased(replica: Replica, onReleased: () => void): Promise<void> {
    try {
      await replica.release();
    } finally {
      this.#leaving.delete(replica);
    }
    onReleased();
  }

  /** Whoever has not noticed yet that a worker has gone keeps nobody waiting. */
  #noticeDrained(): void {
    if (!this.#inUse()) this.#drained?.resolve();
  }

  #inUse(): boolean {
    return this.#replicas.values().some(({ users }) => users > 0);
  }

  #busy(): number {
    let busy = 0;
    for (const { calls } of this.#replicas) if (calls > 0) busy++;
    return busy;
  }

  #leastLoaded(): Replica | undefined {
    let best: Replica | undefined;
    for (const replica of this.#replicas) {
      const isFree = replica.calls < this.#mostCalls(replica) && !replica.plugin.isOver;
      if (isFree && (best === undefined || replica.calls < best.calls)) best = replica;
    }
    return best;
  }

  /** Where there are several workers, each takes the next call when it has ended one: nobody waits behind a long one while another worker is free. */
  #mostCalls({ briefCalls }: Replica): number {
    const { max, callsEach } = this.#limits;
    return max === 1 && briefCalls >= AHEAD.after ? callsEach + AHEAD.calls : callsEach;
  }

  #lease(replica: Replica, calls: 0 | 1): Lease {
    replica.calls += calls;
    replica.users++;
    if (calls === 1) this.#latest = replica;
    let open = true;
    const began = performance.now();
    const giveBack = () => {
      if (!open) return;
      open = false;
      replica.calls -= calls;
      if (calls === 1) replica.noteEnd(began);
      else replica.lastUsed = performance.now();
      this.#giveBack(replica);
    };
    return { plugin: replica.plugin, lost: () => this.lost(replica), [Symbol.dispose]: giveBack };
  }

  #giveBack(replica: Replica): void {
    replica.users--;
    this.#serve();
    if (replica.users > 0) return;
    this.#noticeDrained();
    this.#host.onIdle();
  }

  #serve(): void {
    this.#waiting.serve(() => this.tryAcquire());
    if (this.#waiting.length > 0) this.#grow();
  }

  #keepSpare(): void {
    const wanted = this.#busy() + this.#limits.spare;
    if (this.#limits.spare > 0 && this.#replicas.size + this.#growing.size < wanted) this.#grow();
  }

  #grow(): void {
    const enough = this.#replicas.size + this.#growing.size >= this.#limits.max || this.#growing.size >= Math.max(1, this.#waiting.length);
    if (this.isClosing || enough) return;
    const growing = this.#startOne().finally(() => {
      this.#growing.delete(growing);
      this.#noticeLoss();
    });
    this.#growing.add(growing);
  }

  async #startOne(): Promise<void> {
    // A start that fails has been told as an event, and those who wait are served by the workers that there are.
    const replica = await this.#host.startMore(this.#closing.signal).catch(() => undefined);
    if (replica === undefined) return;
    if (this.isClosing) return await this.drop(replica, "unload");
    this.#add(replica);
    this.#serve();
    this.#keepSpare();
  }

  /** One that has ended in the meantime was not here to be taken out. */
  #add(replica: Replica): void {
    this.#replicas.add(replica);
    if (replica.isGone) this.lost(replica);
  }

  /** Without a worker, and none on its way, those who wait would do so for ever. */
  #noticeLoss(): void {
    if (this.isClosing || this.#replicas.size > 0 || this.#growing.size > 0) return;
    this.#close();
    this.#host.onLost();
    this.#waiting.sendAway();
  }
}
