// One round of SHA-1 (FIPS 180-4 6.1.2) over a block of 64 bytes, from the initial state: what stable addresses are made
// with. No padding and no length are added.

import { getBe32 } from "../../bytes/endian.ts";

const rounds = 80;

/** The five words of the state after one block. */
export function sha1Block(block: Uint8Array): readonly number[] {
  const words = new Int32Array(rounds);
  for (let index = 0; index < 16; index++) words[index] = getBe32(block, index * 4);
  for (let index = 16; index < rounds; index++) {
    const mixed =
      (words[index - 3] ?? 0) ^ (words[index - 8] ?? 0) ^ (words[index - 14] ?? 0) ^ (words[index - 16] ?? 0);
    words[index] = rotate(mixed, 1);
  }
  const initial = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0] as const;
  let [a, b, c, d, e]: number[] = [...initial];
  for (let index = 0; index < rounds; index++) {
    const [mix, constant] = roundOf(index, b ?? 0, c ?? 0, d ?? 0);
    const next = (rotate(a ?? 0, 5) + mix + (e ?? 0) + constant + (words[index] ?? 0)) | 0;
    e = d;
    d = c;
    c = rotate(b ?? 0, 30);
    b = a;
    a = next;
  }
  return [a, b, c, d, e].map((word, index) => ((word ?? 0) + (initial[index] ?? 0)) >>> 0);
}

function roundOf(index: number, b: number, c: number, d: number): readonly [mix: number, constant: number] {
  if (index < 20) return [(b & c) | (~b & d), 0x5a827999];
  if (index < 40) return [b ^ c ^ d, 0x6ed9eba1];
  if (index < 60) return [(b & c) | (b & d) | (c & d), 0x8f1bbcdc];
  return [b ^ c ^ d, 0xca62c1d6];
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
