/**
 * The workers of one plugin whose starts wait for others.
 *
 * @module
 */
import type { QueuedEvent } from "../process/launcher.ts";
import type { PluginEvent } from "./events.ts";
import type { Replica } from "./replica.ts";

/** Knows for what each start waits. */
export class QueuedStarts {
  readonly #waiting = new Map<object, { readonly reason: string; readonly since: number }>();

  /** A start waits, or waits for something else than before. */
  note(start: object, { reason, sinceMs }: QueuedEvent): void {
    this.#waiting.set(start, { reason, since: performance.now() - sinceMs });
  }

  /** It waits no longer. False when it did not. */
  end(start: object): boolean {
    return this.#waiting.delete(start);
  }

  /** What waits now, the longest first. */
  get list(): QueuedEvent[] {
    const now = performance.now();
    const events = [...this.#waiting.values()].map(({ reason, since }) => ({ reason, sinceMs: Math.round(now - since) }));
    return events.sort((a, b) => b.sinceMs - a.sinceMs);
  }
}

/** What the starts of one worker are told to. */
export interface QueueOwner {
  readonly queued: QueuedStarts;
  readonly emit: (event: PluginEvent) => void;
}

/** The starts of one worker and of those that take its place, one after the other. */
export class QueuedStart implements Disposable {
  readonly #owner: QueueOwner;
  readonly #startMs: number;
  #replica: Replica | undefined;

  /** @param startMs How long a start may take from its beginning on, in milliseconds. */
  constructor(owner: QueueOwner, replica: Promise<Replica>, startMs: number) {
    this.#owner = owner;
    this.#startMs = startMs;
    void replica.then((started) => this.#replica = started);
  }

  /** It waits. */
  readonly onQueued = (event: QueuedEvent): void => {
    this.#owner.queued.note(this, event);
    this.#owner.emit({ ...event, type: "queued" });
  };

  /** It waits no longer. One that is started again has to answer some time from now on. */
  readonly onBegin = (): void => {
    if (this.end()) this.#owner.emit({ type: "starting" });
    if (this.#replica !== undefined) this.#replica.restartingUntil = performance.now() + this.#startMs;
  };

  /** There is no start any more, whatever has become of it. False when it did not wait. */
  end(): boolean {
    return this.#owner.queued.end(this);
  }

  /** The same. */
  [Symbol.dispose](): void {
    this.end();
  }
}
