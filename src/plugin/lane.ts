/**
 * The calls of one lane of a worker, as its host knows them.
 *
 * @module
 */
import type { Turn } from "./turn.ts";

/** The most calls that are on their way on one connection. */
const MAX_OPEN = 32;

/** The most that the bodies of calls may have that wait in the worker, in characters. A larger one waits here until it is the first. */
const MAX_WAITING_LENGTH = 64 * 1024;

/** The calls of one lane, in the order in which the worker runs them. */
export class Lane {
  readonly number: number;
  readonly turns: Turn[] = [];
  /** How long their bodies are. */
  length = 0;
  /** How many of them hold up what would be sent behind them. */
  #holdingUp = 0;

  constructor(number: number) {
    this.number = number;
  }

  add(turn: Turn): void {
    turn.lane = this.number;
    if (turn.holdsUp) this.#holdingUp++;
    turn.isFirst = this.turns.push(turn) === 1;
    this.length += turn.length;
  }

  remove(turn: Turn): void {
    this.turns.splice(this.turns.indexOf(turn), 1);
    if (turn.holdsUp) this.#holdingUp--;
    this.length -= turn.length;
    const [first] = this.turns;
    if (first !== undefined && !first.isFirst) first.isFirst = true;
  }

  /** A turn begins to hold up others, or ceases to. */
  note({ holdsUp }: Turn): void {
    this.#holdingUp += holdsUp ? 1 : -1;
  }

  /** Whether a call may be sent behind the others. */
  takes(length: number): boolean {
    if (this.turns.length >= MAX_OPEN || this.#holdingUp > 0) return false;
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
