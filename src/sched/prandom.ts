// The generator behind netem's seed: the same seed makes the same decisions here as on Linux, on every machine.
//
// Mirrors lib/random32.c (prandom_u32_state: L'Ecuyer's lfsr113) and include/linux/prandom.h (prandom_seed_state).

/** Four registers that shift. */
export class Prandom {
  #s1 = 0;
  #s2 = 0;
  #s3 = 0;
  #s4 = 0;

  /** Starts again from a seed of 64 bits. */
  seed(seed: bigint): void {
    const mixed = Number(((seed >> 32n) ^ (seed << 10n) ^ seed) & 0xffff_ffffn);
    this.#s1 = atLeast(mixed, 2);
    this.#s2 = atLeast(mixed, 8);
    this.#s3 = atLeast(mixed, 16);
    this.#s4 = atLeast(mixed, 128);
  }

  /** An unsigned 32-bit number, every value as likely. */
  u32(): number {
    const s1 = this.#s1;
    const s2 = this.#s2;
    const s3 = this.#s3;
    const s4 = this.#s4;
    this.#s1 = ((s1 & 0xffff_fffe) << 18) ^ (((s1 << 6) ^ s1) >>> 13);
    this.#s2 = ((s2 & 0xffff_fff8) << 2) ^ (((s2 << 2) ^ s2) >>> 27);
    this.#s3 = ((s3 & 0xffff_fff0) << 7) ^ (((s3 << 13) ^ s3) >>> 21);
    this.#s4 = ((s4 & 0xffff_ff80) << 13) ^ (((s4 << 3) ^ s4) >>> 12);
    return (this.#s1 ^ this.#s2 ^ this.#s3 ^ this.#s4) >>> 0;
  }
}

function atLeast(value: number, minimum: number): number {
  return value < minimum ? value + minimum : value;
}
