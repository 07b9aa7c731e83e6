/**
 * When calls are sent: in the order in which they come, as many as the worker runs at once, and some more to a worker that takes them ahead.
 *
 * @module
 */

import { OrderedList } from "./ordered_list.ts";

/** The most calls that are on their way on one connection. */
const MAX_OPEN = 32;

/** The most that the bodies of calls may have that wait in the worker, in characters. A larger one waits here until it is the first. */
const MAX_WAITING_LENGTH = 64 * 1024;

/** To a worker with several lanes calls are sent ahead after so many in a row that have taken less than this, in milliseconds. */
const BRIEF = { calls: 8, ms: 2 } as const;

/** How long calls may wait behind one that runs while another lane has nothing to do, in milliseconds. */
const MOST_BEHIND_MS = 5;

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
  moves(turn: Turn): void;
  stays(turn: Turn): void;
  over(turn: Turn): void;
}

/** A call that has a turn. */
export interface TurnHolder {
  readonly id: string | undefined;
  /** Takes the call back from the worker if that has not begun with it, which it cannot while the call of this id is open. */
  takeBack(behind: string): void;
}

/** The calls of one lane, in the order in which the worker runs them. */
class Lane {
  readonly number: number;
  readonly turns: Turn[] = [];
  /** How long their bodies are. */
  length = 0;

  constructor(number: number) {
    this.number = number;
  }

  add(turn: Turn): void {
    turn.lane = this.number;
    turn.isFirst = this.turns.push(turn) === 1;
    this.length += turn.length;
  }

  remove(turn: Turn): void {
    this.turns.splice(this.turns.indexOf(turn), 1);
    this.length -= turn.length;
    const [first] = this.turns;
    if (first !== undefined && !first.isFirst) first.isFirst = true;
  }

  /**
   * Whether a call may be sent behind the others. None is sent before those that have their turn, whose files may be written still; nor behind one that
   * was given up before its files are gone, whose room it may need.
   */
  takes(length: number): boolean {
    if (this.turns.length >= MAX_OPEN || !this.turns.every(({ isSent, isGivenUp }) => isSent && !isGivenUp)) return false;
    return this.length - this.turns[0]!.length + length <= MAX_WAITING_LENGTH;
  }

  /** The worker runs calls in the order in which they were sent, which after its predecessor's end may be another one. */
  sort(sent: Turn): void {
    const at = this.turns.indexOf(sent);
    const before = this.turns.findIndex(({ isSent }) => !isSent);
    if (before === -1 || before > at) return;
    this.turns.splice(at, 1);
    this.turns.splice(before, 0, sent);
    this.turns.forEach((each, place) => each.isFirst = place === 0);
  }
}

/** A call's right to be run, from when it may be sent until the worker has let go of it. */
export class Turn implements Disposable {
  readonly #keeper: TurnKeeper;
  #isFirst = false;
  #isOver = false;
  #whenFirst: PromiseWithResolvers<void> | undefined;
  /** How long the call's body is. */
  readonly length: number;
  /** Whether nobody waits for the call any more, which the worker still has. */
  isGivenUp = false;
  /** In which lane the call runs. */
  lane = 0;
  /** Whether the worker that runs has the call. */
  isSent = false;
  /** Since when the worker has nothing to run before it, as `performance.now()` counts; only where there are several lanes. */
  since = 0;
  /** The call. */
  holder: TurnHolder | undefined;
  /** Whether the call is being taken back. */
  isWanted = false;

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

  /** The call was taken back, or could not be: it may be sent to a lane that has nothing to do, or stays where it is. */
  recalled(isTakenBack: boolean): void {
    this.isWanted = false;
    if (this.#isOver) return;
    if (isTakenBack) this.#keeper.moves(this);
    else this.#keeper.stays(this);
  }

  /** Lets the next one have its turn; twice is harmless. */
  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#keeper.over(this);
    this.#whenFirst?.resolve();
  }
}

/** The calls that have their turn, and those that wait for it. */
export class SendQueue {
  readonly #lanes: readonly Lane[];
  readonly #waiting = new OrderedList<Waiter>();
  #takesAhead = false;
  /** How many calls in a row have been brief. */
  #brief = 0;
  #balancing: ReturnType<typeof setTimeout> | undefined;
  readonly #keeper: TurnKeeper = {
    sent: (turn) => this.#sent(turn),
    moves: (turn) => this.#move(turn),
    stays: () => this.#balance(),
    over: (turn) => this.#over(turn),
  };

  /** A queue for a worker that runs so many calls at once. */
  constructor(places: number) {
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
    const lane = this.#waiting.first === undefined ? this.#laneFor(request) : undefined;
    return lane && this.#admit(lane, request);
  }

  /** Waits for a turn. */
  wait(request: TurnRequest): WaitForTurn {
    const { promise, resolve, reject } = Promise.withResolvers<Turn>();
    const entry = this.#waiting.add({ request, admit: resolve });
    const leave = (reason: unknown) => {
      if (!this.#waiting.remove(entry)) return;
      reject(reason);
      this.#admitNext();
    };
    return { turn: promise, leave };
  }

  get #hasLanes(): boolean {
    return this.#lanes.length > 1;
  }

  /** The lane that has the least to do, if it takes the call. */
  #laneFor({ length, isAlone }: TurnRequest): Lane | undefined {
    const lane = this.#emptiest();
    if (lane.turns.length === 0) return lane;
    if (!this.#takesAhead || isAlone || (this.#hasLanes && this.#brief < BRIEF.calls)) return undefined;
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
    if (this.#hasLanes && turn.isFirst) turn.since = performance.now();
  }

  #admitNext(): void {
    for (let first = this.#waiting.first; first !== undefined; first = this.#waiting.first) {
      const lane = this.#laneFor(first.item.request);
      if (lane === undefined) return;
      this.#waiting.remove(first);
      first.item.admit(this.#admit(lane, first.item.request));
    }
  }

  #sent(turn: Turn): void {
    this.#lanes[turn.lane]!.sort(turn);
    this.#admitNext();
  }

  #over(turn: Turn): void {
    this.#remove(turn);
    this.#admitNext();
    if (this.#hasLanes) this.#balance();
  }

  #remove(turn: Turn): void {
    const lane = this.#lanes[turn.lane]!;
    const wasFirst = turn.isFirst;
    lane.remove(turn);
    if (!this.#hasLanes || !wasFirst) return;
    const now = performance.now();
    this.#brief = now - turn.since < BRIEF.ms ? this.#brief + 1 : 0;
    const [next] = lane.turns;
    if (next !== undefined) next.since = now;
  }

  #move(turn: Turn): void {
    this.#lanes[turn.lane]!.remove(turn);
    this.#add(this.#emptiest(), turn);
    this.#balance();
  }

  /** Has a lane without work be given a call that waits behind a long one. */
  #balance(): void {
    clearTimeout(this.#balancing);
    const crowded = this.#lanes.filter(({ turns }) => turns.length > 1).sort((a, b) => a.turns[0]!.since - b.turns[0]!.since);
    const isIdle = this.#lanes.some(({ turns }) => turns.length === 0);
    if (!isIdle || crowded.length === 0) return;
    const [first, ...behind] = crowded[0]!.turns;
    const leftMs = first!.since + MOST_BEHIND_MS - performance.now();
    // This keeps no program alive: whoever waits for one of the calls does.
    if (leftMs > 0) return Deno.unrefTimer(this.#balancing = setTimeout(() => this.#balance(), leftMs));
    const wanted = behind.find(({ isSent }) => isSent);
    if (wanted === undefined || wanted.isWanted) return; // One is on its way already.
    wanted.isWanted = true;
    wanted.holder!.takeBack(first!.holder!.id!);
  }
}
