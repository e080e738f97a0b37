// Addresses of either family as their 4 or 16 bytes, where sockets compare them.

/** Whether `address` stands at `bytes[offset]`; of two that are whole, whether they are the same. */
export function isSameAddress(address: Uint8Array, bytes: Uint8Array, offset?: number): boolean {
  if (offset === undefined && address.length !== bytes.length) return false;
  const at = offset ?? 0;
  for (let index = 0; index < address.length; index++) {
    if (address[index] !== bytes[at + index]) return false;
  }
  return true;
}

/** Whether every byte of an address is 0: it stands for any. */
export function isAnyAddress(address: Uint8Array): boolean {
  for (let index = 0; index < address.length; index++) if (address[index] !== 0) return false;
  return true;
}
