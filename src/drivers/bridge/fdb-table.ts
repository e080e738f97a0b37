// The forwarding table's memory: an open-addressed hash over hardware address and VLAN in typed arrays, and the entries in
// arrays beside it, in a list from the newest to the oldest. Looking up and refreshing an entry allocates nothing, and
// touches one cache line of the hash whether it holds ten entries or ten thousand.
//
// Mirrors what net/bridge/br_fdb.c keeps in br->fdb_hash_tbl and br->fdb_list.

/** Flags of an entry (BR_FDB_*). */
export const FDB_LOCAL = 1 << 0;
export const FDB_STATIC = 1 << 1;
export const FDB_STICKY = 1 << 2;
export const FDB_ADDED_BY_USER = 1 << 3;
export const FDB_ADDED_BY_EXT_LEARN = 1 << 4;
export const FDB_NOTIFY = 1 << 5;
export const FDB_NOTIFY_INACTIVE = 1 << 6;
export const FDB_LOCKED = 1 << 7;
export const FDB_DYNAMIC_LEARNED = 1 << 8;

/** Where there is no entry. */
export const noEntry = -1;
/** Numbers of a place in the hash: the two halves of the key and the entry, or noEntry where the place is free. */
const placeSize = 4;
/** Entries the first memory has room for; the hash has four times as many places. */
const initialRoom = 32;

/**
 * Entries there are at most, by default: what takes some 100 MiB. The kernel has no bound but its memory, and learns no more
 * when that is used up.
 */
const maxEntries = 1 << 20;

/** The table of one bridge, whose ports are `Port`s. A key is (VLAN << 16 | first two bytes, last four bytes), both signed. */
export class FdbTable<Port> {
  /** Key high, key low, entry, unused. */
  #places = freePlaces(initialRoom * 4);
  /** Takes a hash to where its place begins in `#places`. */
  #mask = (initialRoom * 4 - 1) * placeSize;
  #high = new Int32Array(initialRoom);
  #low = new Int32Array(initialRoom);
  #older = new Int32Array(initialRoom);
  #newer = new Int32Array(initialRoom);
  /** First free entry, as a list by `older`; the newest entry in use. */
  #free = noEntry;
  #used = 0;
  #newest = noEntry;
  #size = 0;
  readonly #limit: number;

  /** FDB_*, by entry. */
  flags = new Uint16Array(initialRoom);
  /** When its station was last heard from, and last sent to, in nanoseconds. */
  updatedNs = new Float64Array(initialRoom);
  usedNs = new Float64Array(initialRoom);
  /** The port it stands behind; null: the bridge itself. */
  readonly ports: (Port | null)[] = [];

  /** `limit`: entries there may be. */
  constructor(limit = maxEntries) {
    this.#limit = limit;
  }

  /** Entries. */
  get size(): number {
    return this.#size;
  }

  /** The newest entry; walk on with `olderThan`. */
  get newest(): number {
    return this.#newest;
  }

  olderThan(entry: number): number {
    return this.#older[entry] ?? noEntry;
  }

  vlanOf(entry: number): number {
    return (this.#high[entry] ?? 0) >>> 16;
  }

  /** The hardware address as a 48-bit number. */
  addressOf(entry: number): number {
    return ((this.#high[entry] ?? 0) & 0xffff) * 0x1_0000_0000 + ((this.#low[entry] ?? 0) >>> 0);
  }

  /** The entry of a key; noEntry when there is none. */
  find(high: number, low: number): number {
    const places = this.#places;
    const mask = this.#mask;
    // Places begin at multiples of four: `|` adds to them, and V8 need not look for an overflow (15 instructions less).
    for (let at = hash(high, low) & mask; ; at = (at + placeSize) & mask) {
      const entry = places[at | 2] ?? noEntry;
      if (entry === noEntry || (places[at | 1] === low && places[at] === high)) return entry;
    }
  }

  /** The entry of an address as a 48-bit number. */
  findAddress(address: number, vid: number): number {
    return this.find(highOf(address, vid), address | 0);
  }

  /** Makes an entry, the newest, without flags; there must be none of its key. noEntry when the table is full. */
  add(high: number, low: number, port: Port | null, nowNs: number): number {
    if (this.#size >= this.#limit) return noEntry;
    if ((this.#size + 1) * 2 * placeSize > this.#places.length) this.#growHash();
    const entry = this.#take();
    this.#high[entry] = high;
    this.#low[entry] = low;
    this.#older[entry] = this.#newest;
    this.#newer[entry] = noEntry;
    if (this.#newest !== noEntry) this.#newer[this.#newest] = entry;
    this.#newest = entry;
    this.flags[entry] = 0;
    this.updatedNs[entry] = nowNs;
    this.usedNs[entry] = nowNs;
    this.ports[entry] = port;
    this.#size++;
    this.#enter(high, low, entry);
    return entry;
  }

  /** Takes an entry out. Its number is given to another one later. */
  remove(entry: number): void {
    const older = this.#older[entry] ?? noEntry;
    const newer = this.#newer[entry] ?? noEntry;
    if (newer === noEntry) this.#newest = older;
    else this.#older[newer] = older;
    if (older !== noEntry) this.#newer[older] = newer;
    this.#leave(this.#high[entry] ?? 0, this.#low[entry] ?? 0);
    this.ports[entry] = null;
    this.#older[entry] = this.#free;
    this.#free = entry;
    this.#size--;
  }

  #take(): number {
    const free = this.#free;
    if (free !== noEntry) {
      this.#free = this.#older[free] ?? noEntry;
      return free;
    }
    if (this.#used === this.#high.length) this.#growEntries();
    return this.#used++;
  }

  #enter(high: number, low: number, entry: number): void {
    const places = this.#places;
    const mask = this.#mask;
    let at = hash(high, low) & mask;
    while (places[at | 2] !== noEntry) at = (at + placeSize) & mask;
    places[at] = high;
    places[at | 1] = low;
    places[at | 2] = entry;
  }

  /** Frees the key's place, and moves up what stands behind it and would not be found any more. */
  #leave(high: number, low: number): void {
    const places = this.#places;
    const mask = this.#mask;
    let hole = hash(high, low) & mask;
    while (places[hole] !== high || places[hole | 1] !== low) hole = (hole + placeSize) & mask;
    for (let at = (hole + placeSize) & mask; places[at | 2] !== noEntry; at = (at + placeSize) & mask) {
      const home = hash(places[at] ?? 0, places[at | 1] ?? 0) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      places.copyWithin(hole, at, at + placeSize);
      hole = at;
    }
    places[hole | 2] = noEntry;
  }

  #growHash(): void {
    const old = this.#places;
    const count = (old.length / placeSize) * 2;
    this.#places = freePlaces(count);
    this.#mask = (count - 1) * placeSize;
    for (let at = 0; at < old.length; at += placeSize) {
      const entry = old[at | 2] ?? noEntry;
      if (entry !== noEntry) this.#enter(old[at] ?? 0, old[at | 1] ?? 0, entry);
    }
  }

  #growEntries(): void {
    const room = this.#high.length * 2;
    this.#high = copyOf(this.#high, new Int32Array(room));
    this.#low = copyOf(this.#low, new Int32Array(room));
    this.#older = copyOf(this.#older, new Int32Array(room));
    this.#newer = copyOf(this.#newer, new Int32Array(room));
    this.flags = copyOf(this.flags, new Uint16Array(room));
    this.updatedNs = copyOf(this.updatedNs, new Float64Array(room));
    this.usedNs = copyOf(this.usedNs, new Float64Array(room));
  }
}

/** The high half of a key. */
export function highOf(address: number, vid: number): number {
  return (vid << 16) | Math.floor(address / 0x1_0000_0000);
}

function freePlaces(count: number): Int32Array {
  return new Int32Array(count * placeSize).fill(noEntry);
}

function hash(high: number, low: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

function copyOf<Values extends Int32Array | Uint16Array | Float64Array>(from: Values, to: Values): Values {
  to.set(from);
  return to;
}
