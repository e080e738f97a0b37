// A table of things by IPv6 address, looked up by an address where it lies in a packet: nothing is made for a look-up, as a
// Map with text keys would.

import { getBe32 } from "../bytes/endian.ts";
import { equalsIpv6 } from "../bytes/ipv6.ts";

interface Entry<Value> {
  readonly address: Uint8Array;
  value: Value;
  /** In its bucket. */
  next: Entry<Value> | null;
  /** In the order in which they were set. */
  older: Entry<Value> | null;
  newer: Entry<Value> | null;
}

const firstSize = 8;

/** Values by 16-byte address. */
export class AddressTable<Value> {
  #buckets: (Entry<Value> | null)[] = [];
  #size = 0;
  #oldest: Entry<Value> | null = null;
  #newest: Entry<Value> | null = null;

  get size(): number {
    return this.#size;
  }

  /** The value of the address at `bytes[offset]`. */
  get(bytes: Uint8Array, offset = 0): Value | undefined {
    if (this.#size === 0) return undefined;
    let entry = this.#buckets[hashOf(bytes, offset) & (this.#buckets.length - 1)] ?? null;
    while (entry !== null) {
      if (equalsIpv6(entry.address, bytes, 0, offset)) return entry.value;
      entry = entry.next;
    }
    return undefined;
  }

  /** Keeps `address`, which must not change. */
  set(address: Uint8Array, value: Value): void {
    if (this.#size >= this.#buckets.length) this.#grow();
    const place = hashOf(address, 0) & (this.#buckets.length - 1);
    for (let entry = this.#buckets[place] ?? null; entry !== null; entry = entry.next) {
      if (!equalsIpv6(entry.address, address)) continue;
      entry.value = value;
      return;
    }
    const older = this.#newest;
    const entry = { address, value, next: this.#buckets[place] ?? null, older, newer: null };
    this.#buckets[place] = entry;
    if (older === null) this.#oldest = entry;
    else older.newer = entry;
    this.#newest = entry;
    this.#size++;
  }

  delete(address: Uint8Array): void {
    const place = hashOf(address, 0) & (this.#buckets.length - 1);
    let before: Entry<Value> | null = null;
    for (let entry = this.#buckets[place] ?? null; entry !== null; entry = entry.next) {
      if (equalsIpv6(entry.address, address)) {
        if (before === null) this.#buckets[place] = entry.next;
        else before.next = entry.next;
        this.#leave(entry);
        this.#size--;
        return;
      }
      before = entry;
    }
  }

  #leave({ newer, older }: Entry<Value>): void {
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
  }

  /** All values, in the order in which their addresses were set first. */
  *values(): Generator<Value, void, void> {
    for (let entry = this.#oldest; entry !== null; ) {
      const { newer, value }: Entry<Value> = entry;
      yield value;
      entry = newer;
    }
  }

  #grow(): void {
    const old = this.#buckets;
    this.#buckets = new Array<Entry<Value> | null>(Math.max(firstSize, old.length * 2)).fill(null);
    for (const bucket of old) {
      for (let entry = bucket; entry !== null; ) {
        const { next } = entry;
        const place = hashOf(entry.address, 0) & (this.#buckets.length - 1);
        entry.next = this.#buckets[place] ?? null;
        this.#buckets[place] = entry;
        entry = next;
      }
    }
  }
}

/** Mixes the four words of an address. */
export function hashOf(bytes: Uint8Array, offset: number): number {
  let hash = getBe32(bytes, offset) | 0;
  hash = Math.imul(hash ^ getBe32(bytes, offset + 4), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ getBe32(bytes, offset + 8), 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16) ^ getBe32(bytes, offset + 12), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
