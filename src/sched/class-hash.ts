// Classes by number, listed in the order in which the kernel lists them: that of a hash that grows.
//
// Mirrors include/net/sch_generic.h (qdisc_class_hash) and net/sched/sch_api.c (qdisc_class_hash_grow).

import type { QdiscClass } from "../net/netdevice.ts";

const firstSize = 4;

/** A table of classes. */
export class ClassHash<Class extends QdiscClass> {
  readonly #byId = new Map<number, Class>();
  #buckets: Class[][] = emptyBuckets(firstSize);

  get size(): number {
    return this.#byId.size;
  }

  find(classid: number): Class | undefined {
    return this.#byId.get(classid);
  }

  insert(cl: Class): void {
    this.#byId.set(cl.classid, cl);
    this.#bucket(cl.classid).unshift(cl);
    if (this.#byId.size * 4 > this.#buckets.length * 3) this.#grow();
  }

  remove(cl: Class): void {
    this.#byId.delete(cl.classid);
    const bucket = this.#bucket(cl.classid);
    bucket.splice(bucket.indexOf(cl), 1);
  }

  *[Symbol.iterator](): Generator<Class, void, void> {
    for (const bucket of this.#buckets) yield* bucket;
  }

  #bucket(classid: number): Class[] {
    let hash = classid ^ (classid >>> 8);
    hash ^= hash >>> 4;
    const bucket = this.#buckets[hash & (this.#buckets.length - 1)];
    return bucket ?? [];
  }

  #grow(): void {
    const old = this.#buckets;
    this.#buckets = emptyBuckets(2 * old.length);
    for (const cl of old.flat()) this.#bucket(cl.classid).unshift(cl);
  }
}

function emptyBuckets<Class>(size: number): Class[][] {
  return Array.from({ length: size }, () => []);
}
