// Randomness, as the machine is given it. Whoever wants the same run twice hands in a seeded one.

/** A source of random numbers. */
export interface Random {
  /** An unsigned 32-bit number, every value as likely. */
  u32(): number;
}

/** xoshiro128** (Blackman, Vigna 2018), seeded through splitmix32: the same seed gives the same numbers everywhere. */
export class SeededRandom implements Random {
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    let mixed = seed >>> 0;
    for (let index = 0; index < 4; index++) {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let word = mixed;
      word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
      word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
      this.#state[index] = word ^ (word >>> 16);
    }
  }

  u32(): number {
    const state = this.#state;
    const s0 = state[0] ?? 0;
    const s1 = state[1] ?? 0;
    const s2 = state[2] ?? 0;
    const s3 = state[3] ?? 0;
    const times5 = Math.imul(s1, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const t = s1 << 9;
    const x2 = s2 ^ s0;
    const x3 = s3 ^ s1;
    state[1] = s1 ^ x2;
    state[0] = s0 ^ x3;
    state[2] = x2 ^ t;
    state[3] = (x3 << 11) | (x3 >>> 21);
    return result;
  }
}

/** A random unicast, locally administered MAC address as a 48-bit number (eth_random_addr). */
export function randomMac(random: Random): number {
  const high = (random.u32() & 0xffff & ~0x0100) | 0x0200;
  return high * 0x100000000 + random.u32();
}

/** A whole number from 0 to `limit` - 1, every one as likely (get_random_u32_below). */
export function randomBelow(random: Random, limit: number): number {
  return Math.floor((random.u32() / 0x100000000) * limit);
}
