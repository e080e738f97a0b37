// Addresses of Unix sockets in memory, for the calls that Node has no functions for.
//
// Mirrors <linux/un.h> (struct sockaddr_un).

import { setU16 } from "../../bytes/endian.ts";
import { encodeUtf8Into } from "../../bytes/utf8.ts";
import { AF_UNIX } from "../../uapi/socket.ts";

/** sizeof(struct sockaddr_un), and its path's offset. */
export const SOCKADDR_UN_SIZE = 110;
const SUN_PATH = 2;

/** A struct sockaddr_un of a path of 107 bytes at most, in memory that the garbage collector does not move (Libc.address). */
export function unixAddress(path: string): Uint8Array {
  const address = new Uint8Array(new ArrayBuffer(128)).subarray(0, SOCKADDR_UN_SIZE);
  setU16(address, 0, AF_UNIX);
  encodeUtf8Into(path, address, SUN_PATH);
  return address;
}
