/**
 * When calls are sent: in the order in which they come, as many as the worker runs at once, and some more to a worker that takes them ahead.
 *
 * @module
 */

import { Lane } from "./lane.ts";
import { type Entry, OrderedList } from "./ordered_list.ts";
import { Turn, type TurnKeeper } from "./turn.ts";

/** To a worker with several lanes calls are sent ahead after so many in a row that have taken less than this, in milliseconds. */
const BRIEF = { calls: 8, ms: 2 } as const;

/** How long calls may wait behind one that runs while another lane has nothing to do, in milliseconds. */
const MOST_BEHIND_MS = 5;

/** What a call needs of its turn. */
export interface TurnRequest {
  /** How long its body is. */
  readonly length: number;
  /** Whether it waits until the worker can begin with it: its files would take room, or the worker may have another call of its id. */
  readonly isAlone: boolean;
  /** Whether it has an id that is not ours to change, as it would be for another lane. */
  readonly keepsId?: boolean;
  /** Whether it may not wait for those that have their turn, as one of theirs waits for it. Default: false. */
  readonly isWithinCallback?: boolean;
}

/** Sends a call whose turn has come: at once what is ready, for the next one's turn comes behind that. */
export type TakeTurn = (turn: Turn) => Promise<void> | void;

/** A call's place among those that wait. */
export interface WaitForTurn {
  /** Resolves when it was sent. Rejects with what has kept it from that, or with the reason for which it was given up. */
  readonly sent: Promise<void>;
  /** Gives it up. Has no effect when its turn has come. */
  leave(reason: unknown): void;
}

/** A call that waits for its turn in a list. */
class Waiting implements WaitForTurn {
  readonly request: TurnRequest;
  readonly #take: TakeTurn;
  readonly #leave: (waiting: Waiting) => boolean;
  readonly #sent = Promise.withResolvers<void>();
  /** Its place in the list. */
  entry: Entry<Waiting> | undefined;

  /** `leave` takes it out of the list, and tells whether it was there. */
  constructor(request: TurnRequest, take: TakeTurn, leave: (waiting: Waiting) => boolean) {
    this.request = request;
    this.#take = take;
    this.#leave = leave;
  }

  get sent(): Promise<void> {
    return this.#sent.promise;
  }

  admit(turn: Turn): void {
    try {
      this.#sent.resolve(this.#take(turn));
    } catch (error) {
      this.#sent.reject(error);
    }
  }

  leave(reason: unknown): void {
    if (this.#leave(this)) this.#sent.reject(reason);
  }
}

/** The calls that have their turn, and those that wait for it. */
export class SendQueue {
  readonly #lanes: readonly Lane[];
  readonly #waiting = new OrderedList<Waiting>();
  #isAdmitting = false;
  #takesAhead = false;
  /** How many calls in a row have been brief. */
  #brief = 0;
  #balancing: ReturnType<typeof setTimeout> | undefined;
  /** How many calls have their turn. */
  #turns = 0;
  readonly #keeper: TurnKeeper = {
    changed: (turn) => this.#laneOf(turn).note(turn),
    sent: (turn) => this.#sent(turn),
    moves: (turn) => this.#move(turn),
    stays: () => this.#balance(),
    over: (turn) => this.#over(turn),
  };

  /** How many calls or batches the worker runs at once. */
  readonly #maxConcurrency: number;

  /** A queue for a worker that has so many calls at once; where it gathers them, fewer batches run. */
  constructor(places: number, maxConcurrency: number = places) {
    this.#maxConcurrency = maxConcurrency;
    this.#lanes = Array.from({ length: places }, (_, number) => new Lane(number));
  }

  /** Whether the worker takes more calls than it runs. */
  set takesAhead(takesAhead: boolean) {
    if (takesAhead === this.#takesAhead) return;
    this.#takesAhead = takesAhead;
    this.#admitNext();
  }

  /** A turn, if there is one at once. */
  acquire(request: TurnRequest): Turn | undefined {
    if (request.isWithinCallback && this.#isGathering && this.#turns >= this.#maxConcurrency) return undefined;
    const lane = this.#waiting.first === undefined ? this.#laneFor(request) : undefined;
    return lane && this.#admit(lane, request);
  }

  /** Waits for a turn. */
  wait(request: TurnRequest, take: TakeTurn): WaitForTurn {
    const waiting = new Waiting(request, take, this.#leave);
    waiting.entry = this.#waiting.add(waiting);
    return waiting;
  }

  readonly #leave = ({ entry }: Waiting): boolean => {
    const wasThere = this.#waiting.remove(entry!);
    if (wasThere) this.#admitNext();
    return wasThere;
  };

  /** Whether calls may have their turn, and yet wait for a batch to end. */
  get #isGathering(): boolean {
    return this.#maxConcurrency < this.#lanes.length;
  }

  get #hasLanes(): boolean {
    return this.#lanes.length > 1;
  }

  /** The lane that has the least to do, if it takes the call. */
  #laneFor({ length, isAlone, keepsId }: TurnRequest): Lane | undefined {
    const lane = this.#emptiest();
    if (lane.turns.length === 0) return lane;
    if (!this.#takesAhead || isAlone || (this.#hasLanes && (keepsId || this.#brief < BRIEF.calls))) return undefined;
    return lane.takes(length) ? lane : undefined;
  }

  #emptiest(): Lane {
    let emptiest = this.#lanes[0]!;
    for (const lane of this.#lanes) if (lane.turns.length < emptiest.turns.length) emptiest = lane;
    return emptiest;
  }

  #admit(lane: Lane, { length }: TurnRequest): Turn {
    const turn = new Turn(this.#keeper, length);
    this.#add(lane, turn);
    return turn;
  }

  #add(lane: Lane, turn: Turn): void {
    lane.add(turn);
    this.#turns++;
    if (this.#hasLanes && turn.isFirst) turn.since = performance.now();
  }

  #admitNext(): void {
    // Who is admitted may send, or let go, before this goes on.
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    for (let first = this.#waiting.first; first !== undefined; first = this.#waiting.first) {
      const lane = this.#laneFor(first.item.request);
      if (lane === undefined) break;
      this.#waiting.remove(first);
      first.item.admit(this.#admit(lane, first.item.request));
    }
    this.#isAdmitting = false;
  }

  #sent(turn: Turn): void {
    this.#laneOf(turn).sort(turn);
    this.#admitNext();
  }

  #laneOf({ lane }: Turn): Lane {
    return this.#lanes[lane]!;
  }

  #over(turn: Turn): void {
    this.#remove(turn);
    this.#admitNext();
    if (!this.#hasLanes) return;
    if (this.#turns > 0) this.#balance();
    else this.#rest();
  }

  #remove(turn: Turn): void {
    const lane = this.#laneOf(turn);
    const wasFirst = turn.isFirst;
    lane.remove(turn);
    this.#turns--;
    if (!this.#hasLanes || !wasFirst) return;
    const now = performance.now();
    this.#brief = now - turn.since < BRIEF.ms ? this.#brief + 1 : 0;
    const [next] = lane.turns;
    if (next !== undefined) next.since = now;
  }

  readonly #onTime = (): void => {
    this.#balancing = undefined;
    this.#balance();
  };

  #move(turn: Turn): void {
    this.#laneOf(turn).remove(turn);
    this.#turns--;
    this.#add(this.#emptiest(), turn);
    this.#balance();
  }

  /** Nothing is left to be balanced. */
  #rest(): void {
    clearTimeout(this.#balancing);
    this.#balancing = undefined;
  }

  /** Has a lane without work be given a call that waits behind a long one. */
  #balance(): void {
    if (this.#balancing !== undefined) return; // It looks in time for what is long by then.
    const crowded = this.#lanes.filter(({ turns }) => turns.length > 1).sort((a, b) => a.turns[0]!.since - b.turns[0]!.since);
    const isIdle = this.#lanes.some(({ turns }) => turns.length === 0);
    if (!isIdle || crowded.length === 0) return;
    const [first, ...behind] = crowded[0]!.turns;
    const leftMs = first!.since + MOST_BEHIND_MS - performance.now();
    // This keeps no program alive: whoever waits for one of the calls does.
    if (leftMs > 0) return Deno.unrefTimer(this.#balancing = setTimeout(this.#onTime, leftMs));
    const wanted = behind.find(({ isSent }) => isSent);
    if (wanted === undefined || wanted.isWanted) return; // One is on its way already.
    wanted.isWanted = true;
    wanted.holder!.takeBack(first!.holder!.id!);
  }
}
