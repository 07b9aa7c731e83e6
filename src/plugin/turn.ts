/**
 * A call's right to be run.
 *
 * @module
 */

/** What a turn tells its queue. */
export interface TurnKeeper {
  /** It begins to hold up others, or ceases to. */
  changed(turn: Turn): void;
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

/** A call's right to be run, from when it may be sent until the worker has let go of it. */
export class Turn implements Disposable {
  readonly #keeper: TurnKeeper;
  #isFirst = false;
  #isOver = false;
  #whenFirst: PromiseWithResolvers<void> | undefined;
  /** How long the call's body is. */
  readonly length: number;
  #isSent = false;
  #isGivenUp = false;
  /** In which lane the call runs. */
  lane = 0;
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

  /** Whether the worker that runs has the call. */
  get isSent(): boolean {
    return this.#isSent;
  }

  set isSent(isSent: boolean) {
    const before = this.holdsUp;
    this.#isSent = isSent;
    this.#compare(before);
  }

  /** Whether nobody waits for the call any more, which the worker still has. */
  set isGivenUp(isGivenUp: boolean) {
    const before = this.holdsUp;
    this.#isGivenUp = isGivenUp;
    this.#compare(before);
  }

  /**
   * Whether nothing may be sent behind it. None is sent before those that have their turn, whose files may be written still; nor behind one that was given up
   * before its files are gone, whose room it may need.
   */
  get holdsUp(): boolean {
    return !this.#isSent || this.#isGivenUp;
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

  #compare(heldUp: boolean): void {
    if (this.holdsUp !== heldUp && !this.#isOver) this.#keeper.changed(this);
  }
}
