/**
 * How many requests are under way, and how much they hold.
 *
 * @module
 */
import type { GatewayLimits } from "../options.ts";

/** How many more places there are for requests that cancel calls. A client that has taken all others can free some by them. */
const CANCEL_PLACES = 64;

/** The places of all clients. Each token has its own, so that one client takes none from another. */
export class Places {
  readonly #limits: Pick<Required<GatewayLimits>, "requests" | "allBodiesBytes">;
  readonly #taken = new Map<string, number>();
  #bytes = 0;

  /** All are free. */
  constructor(limits: Pick<Required<GatewayLimits>, "requests" | "allBodiesBytes">) {
    this.#limits = limits;
  }

  /** A place for a request of this client; `undefined` when it has taken all that it may. */
  enter(client: string, { isCancel = false }: { readonly isCancel?: boolean } = {}): Place | undefined {
    const taken = this.#taken.get(client) ?? 0;
    if (taken >= this.#limits.requests + (isCancel ? CANCEL_PLACES : 0)) return undefined;
    this.#taken.set(client, taken + 1);
    return new Place({ take: (bytes) => this.#take(bytes), leave: (bytes) => this.#leave(client, bytes) });
  }

  #take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#limits.allBodiesBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  #leave(client: string, bytes: number): void {
    this.#bytes -= bytes;
    this.#taken.set(client, this.#taken.get(client)! - 1);
  }
}

interface PlaceKeeper {
  readonly take: (bytes: number) => boolean;
  readonly leave: (bytes: number) => void;
}

/** The place of one request. */
export class Place {
  readonly #keeper: PlaceKeeper;
  #bytes = 0;
  #isLeft = false;
  /** Whether it is kept when the reply begins, until that has ended. */
  isKept = false;

  /** It holds nothing yet. */
  constructor(keeper: PlaceKeeper) {
    this.#keeper = keeper;
  }

  /** Takes room for so many more bytes of the body. False where there is none. */
  take(bytes: number): boolean {
    const hasRoom = this.#keeper.take(bytes);
    if (hasRoom) this.#bytes += bytes;
    return hasRoom;
  }

  /** Gives back all that it holds; twice is harmless. */
  leave(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.#keeper.leave(this.#bytes);
  }
}
