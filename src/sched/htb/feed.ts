// Classes in turn: a ring in the order of their numbers with a place where the next turn is. A class that leaves when it is its
// turn leaves its number, and the turn goes to the one behind it.
//
// Mirrors net/sched/sch_htb.c (htb_prio, htb_add_to_id_tree, htb_next_rb_node, htb_id_find_next_upper).

import type { QdiscClass } from "../../net/netdevice.ts";

/** Sorted by classid. */
export class Feed<Class extends QdiscClass> {
  readonly #classes: Class[] = [];
  #turn: Class | null = null;
  /** The class whose turn it was when it left; 0 for none. */
  #lastId = 0;

  get isEmpty(): boolean {
    return this.#classes.length === 0;
  }

  add(cl: Class): void {
    const at = this.#placeOf(cl.classid);
    if (this.#classes[at] !== cl) this.#classes.splice(at, 0, cl);
  }

  /** Takes a class out; `keepsTurn` gives its turn to the next one at once, as a row does, instead of remembering it. */
  remove(cl: Class, keepsTurn: boolean): void {
    if (this.#turn === cl) {
      if (keepsTurn) this.next();
      else {
        this.#turn = null;
        this.#lastId = cl.classid;
      }
    }
    const at = this.#placeOf(cl.classid);
    if (this.#classes[at] === cl) this.#classes.splice(at, 1);
  }

  clear(): void {
    this.#classes.length = 0;
    this.#turn = null;
    this.#lastId = 0;
  }

  /** Whose turn it is; null behind the last one (`rewind` starts over). */
  current(): Class | null {
    if (this.#turn === null && this.#lastId !== 0)
      this.#turn = this.#classes[this.#placeOf(this.#lastId)] ?? null;
    this.#lastId = 0;
    return this.#turn;
  }

  rewind(): void {
    this.#turn = this.#classes[0] ?? null;
  }

  /** Gives the turn to the next one; behind the last there is none. */
  next(): void {
    if (this.#turn !== null) this.#turn = this.#classes[this.#placeOf(this.#turn.classid) + 1] ?? null;
  }

  /** Where a class with this number is, or would be. */
  #placeOf(classid: number): number {
    let low = 0;
    let high = this.#classes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#classes[middle]?.classid ?? 0) < classid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
