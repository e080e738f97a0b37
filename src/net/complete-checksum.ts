// A checksum that was left to be made is made, where a packet leaves to something that could not make it.
//
// Mirrors net/core/dev.c (skb_checksum_help).

import { checksum } from "../bytes/checksum.ts";
import { setBe16 } from "../bytes/endian.ts";
import type { Frame } from "./netdevice.ts";
import { CHECKSUM_NONE, CHECKSUM_PARTIAL } from "./netdevice.ts";

/** Makes a partial checksum; false when the frame's bytes are shared and there is no memory for a copy. */
export function completeChecksum(frame: Frame): boolean {
  if (frame.checksum !== CHECKSUM_PARTIAL) return true;
  if (!frame.pool.writable(frame)) return false;
  const { bytes, csumStart, csumOffset, end } = frame;
  const at = csumStart + csumOffset;
  // What stands in the field is the sum of the pseudo header, which counts. A sum of zero is sent as its twin.
  setBe16(bytes, at, checksum(bytes, csumStart, end) || 0xffff);
  frame.checksum = CHECKSUM_NONE;
  return true;
}
