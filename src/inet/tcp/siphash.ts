// A keyed hash of a few words, fast enough for every connection and useless to who does not know the key.
//
// Mirrors lib/siphash.c (hsiphash, which is HalfSipHash-1-3 on 32-bit machines): HalfSipHash-2-4 here (Aumasson, Bernstein).

/** The hash of 32-bit words under a key of two, as a signed 32-bit number. */
export function halfSipHash(key0: number, key1: number, words: Int32Array): number {
  let v0 = key0;
  let v1 = key1;
  let v2 = key0 ^ 0x6c796765;
  let v3 = key1 ^ 0x74656462;
  const round = (): void => {
    v0 = (v0 + v1) | 0;
    v1 = rotate(v1, 5) ^ v0;
    v0 = rotate(v0, 16);
    v2 = (v2 + v3) | 0;
    v3 = rotate(v3, 8) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = rotate(v3, 7) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = rotate(v1, 13) ^ v2;
    v2 = rotate(v2, 16);
  };
  for (let index = 0; index <= words.length; index++) {
    // The last word says how many bytes there were.
    const word = index < words.length ? (words[index] ?? 0) : (words.length * 4) << 24;
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (let count = 0; count < 4; count++) round();
  return v1 ^ v3;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
