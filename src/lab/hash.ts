// Numbers from names: the same name and seed give the same one everywhere, so that adding a link disturbs no other.
//
// FNV-1a with 64 bits, finished as splitmix64 is.

const mask = 0xffff_ffff_ffff_ffffn;

/** 64 bits of a text. */
export function hash64(text: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const character of text) {
    hash ^= BigInt(character.codePointAt(0) ?? 0);
    hash = (hash * 0x100_0000_01b3n) & mask;
  }
  hash = ((hash ^ (hash >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & mask;
  hash = ((hash ^ (hash >> 27n)) * 0x94d0_49bb_1331_11ebn) & mask;
  return hash ^ (hash >> 31n);
}

/** A unicast, locally administered hardware address of a name. */
export function macOf(name: string): string {
  const bits = hash64(name) & 0xff_ffff_ffffn;
  const digits = bits.toString(16).padStart(10, "0");
  return `02:${digits.match(/../g)?.join(":") ?? ""}`;
}
