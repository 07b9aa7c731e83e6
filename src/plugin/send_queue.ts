/**
 * When calls are sent: in the order in which they come, as many as the worker runs at once, and some more to a worker that takes them ahead.
 *
 * @module
 */

/** The most calls that are on their way on one connection. */
const MAX_OPEN = 32;

/** The most that the bodies of calls may have that wait in the worker, in characters. A larger one waits here until it is the first. */
const MAX_WAITING_LENGTH = 64 * 1024;

/** What a call needs of its turn. */
export interface TurnRequest {
  /** How long its body is. */
  readonly length: number;
  /** Whether it waits until the worker can begin with it: its files would take room, or its id is not ours to choose. */
  readonly isAlone: boolean;
}

/** A call's place among those that wait. */
export interface WaitForTurn {
  /** Its turn, when that comes. */
  readonly turn: Promise<Turn>;
  /** Gives it up: who waits gets the reason. Has no effect on a turn that has come. */
  leave(reason: unknown): void;
}

interface Waiter {
  readonly request: TurnRequest;
  readonly admit: (turn: Turn) => void;
}

/** What a turn tells its queue. */
interface TurnKeeper {
  sent(turn: Turn): void;
  over(turn: Turn): void;
}

/** A call's right to be run, from when it may be sent until the worker has let go of it. */
export class Turn implements Disposable {
  readonly #keeper: TurnKeeper;
  #isFirst = false;
  #isOver = false;
  #whenFirst: PromiseWithResolvers<void> | undefined;
  /** How long the call's body is. */
  readonly length: number;
  /** Whether the worker that runs has the call. */
  isSent = false;
  /** Whether nobody waits for the call any more, which the worker still has. */
  isGivenUp = false;

  /** Begins. */
  constructor(keeper: TurnKeeper, length: number) {
    this.#keeper = keeper;
    this.length = length;
  }

  /** Whether the worker has nothing to run before it. */
  get isFirst(): boolean {
    return this.#isFirst;
  }

  set isFirst(isFirst: boolean) {
    this.#isFirst = isFirst;
    if (isFirst) this.#whenFirst?.resolve();
    else this.#whenFirst = undefined;
  }

  /** Resolves when the worker has nothing to run before it, or the turn is over. */
  get whenFirst(): Promise<void> {
    if (this.#isFirst || this.#isOver) return Promise.resolve();
    return (this.#whenFirst ??= Promise.withResolvers()).promise;
  }

  /** The call was sent. */
  send(): void {
    if (this.#isOver) return;
    this.isSent = true;
    this.#keeper.sent(this);
  }

  /** Lets the next one have its turn; twice is harmless. */
  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#keeper.over(this);
    this.#whenFirst?.resolve();
  }
}

/** The calls that have their turn, in the order in which the worker runs them, and those that wait for it. */
export class SendQueue {
  readonly #places: number;
  readonly #turns: Turn[] = [];
  #length = 0;
  // A set keeps the order of arrival, and lets one who gives up leave from the middle at once.
  readonly #waiting = new Set<Waiter>();
  #takesAhead = false;
  readonly #keeper: TurnKeeper = { sent: (turn) => this.#sent(turn), over: (turn) => this.#over(turn) };

  /** A queue for a worker that runs so many calls at once. */
  constructor(places: number) {
    this.#places = places;
  }

  /** Whether the worker takes more calls than it runs. */
  set takesAhead(takesAhead: boolean) {
    if (takesAhead === this.#takesAhead) return;
    this.#takesAhead = takesAhead;
    this.#admitNext();
  }

  /** A turn, if there is one at once. */
  acquire(request: TurnRequest): Turn | undefined {
    return this.#waiting.size === 0 && this.#hasRoom(request) ? this.#admit(request) : undefined;
  }

  /** Waits for a turn. */
  wait(request: TurnRequest): WaitForTurn {
    const { promise, resolve, reject } = Promise.withResolvers<Turn>();
    const waiter: Waiter = { request, admit: resolve };
    this.#waiting.add(waiter);
    const leave = (reason: unknown) => {
      if (!this.#waiting.delete(waiter)) return;
      reject(reason);
      this.#admitNext();
    };
    return { turn: promise, leave };
  }

  #hasRoom({ length, isAlone }: TurnRequest): boolean {
    const count = this.#turns.length;
    if (count < this.#places) return true;
    if (!this.#takesAhead || isAlone || count >= MAX_OPEN) return false;
    // In the order of their coming: none is sent before those that have their turn, whose files may be written still.
    // Behind a call that was given up none is sent before its files are gone, whose room it may need.
    if (!this.#turns.every(({ isSent, isGivenUp }) => isSent && !isGivenUp)) return false;
    return this.#length - this.#turns[0]!.length + length <= MAX_WAITING_LENGTH;
  }

  #admit({ length }: TurnRequest): Turn {
    const turn = new Turn(this.#keeper, length);
    turn.isFirst = this.#turns.push(turn) <= this.#places;
    this.#length += length;
    return turn;
  }

  #admitNext(): void {
    for (const waiter of this.#waiting) {
      if (!this.#hasRoom(waiter.request)) return;
      this.#waiting.delete(waiter);
      waiter.admit(this.#admit(waiter.request));
    }
  }

  /** The worker runs calls in the order in which they were sent, which after its predecessor's end may be another one. */
  #sent(turn: Turn): void {
    const at = this.#turns.indexOf(turn);
    const before = this.#turns.findIndex(({ isSent }) => !isSent);
    if (before !== -1 && before < at) {
      this.#turns.splice(at, 1);
      this.#turns.splice(before, 0, turn);
      this.#turns.forEach((each, place) => each.isFirst = place < this.#places);
    }
    this.#admitNext();
  }

  #over(turn: Turn): void {
    const at = this.#turns.indexOf(turn);
    this.#turns.splice(at, 1);
    this.#length -= turn.length;
    const next = at < this.#places ? this.#turns[this.#places - 1] : undefined;
    if (next !== undefined) next.isFirst = true;
    this.#admitNext();
  }
}
