/**
 * Things in the order in which they came.
 *
 * @module
 */

/** A thing's place in a list. */
export class Entry<Item> {
  /** What has the place. */
  readonly item: Item;
  /** The list's own. */
  next: Entry<Item> | undefined;
  /** The list's own. */
  previous: Entry<Item> | undefined;
  /** The list's own. */
  isListed = true;

  /** Made by the list. */
  constructor(item: Item, previous: Entry<Item> | undefined) {
    this.item = item;
    this.previous = previous;
  }
}

/**
 * Things in the order in which they came, each of which can leave at once. A set does the same. But V8 makes a set's table anew whenever many have come
 * and gone, and a table that has grown old keeps the next one and all that was in it for a long time: under load that was most of the garbage.
 */
export class OrderedList<Item> implements Iterable<Item> {
  #first: Entry<Item> | undefined;
  #last: Entry<Item> | undefined;

  /** What came first. */
  get first(): Entry<Item> | undefined {
    return this.#first;
  }

  /** Adds a thing behind all others. */
  add(item: Item): Entry<Item> {
    const entry = new Entry(item, this.#last);
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    return this.#last = entry;
  }

  /** Takes it out; false when it has left before. */
  remove(entry: Entry<Item>): boolean {
    if (!entry.isListed) return false;
    const { next, previous } = entry;
    entry.isListed = false;
    // One that has left must keep none of the others.
    entry.next = entry.previous = undefined;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    return true;
  }

  /** All of them, of which some may leave meanwhile. */
  *[Symbol.iterator](): Generator<Item, void, void> {
    const entries: Entry<Item>[] = [];
    for (let entry = this.#first; entry !== undefined; entry = entry.next) entries.push(entry);
    for (const entry of entries) if (entry.isListed) yield entry.item;
  }
}
