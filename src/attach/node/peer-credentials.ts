// Who is at the other end of a Unix socket, as the kernel noted it when they connected.
//
// Mirrors SO_PEERCRED of unix(7) and struct ucred of <linux/socket.h>.

import { getS32, getU32 } from "../../bytes/endian.ts";
import { SO_PEERCRED, SOL_SOCKET } from "../../uapi/socket.ts";
import { loadLibc } from "./libc.ts";

/** A process at the other end. */
export interface PeerCredentials {
  /** Its process id; 0 when it lives in a process id namespace that this process cannot see into. */
  readonly pid: number;
  readonly uid: number;
}

/** Reads the credentials of the peer of the connected Unix socket `fd`; undefined when the kernel refuses. */
export type ReadPeerCredentials = (fd: number) => PeerCredentials | undefined;

const UCRED_PID = 0;
const UCRED_UID = 4;
const UCRED_SIZE = 12;

/** Loads what it takes; rejects with a NetlinkError (ENOSYS) where there is no FFI. */
export async function loadPeerCredentials(): Promise<ReadPeerCredentials> {
  const libc = await loadLibc();
  return (fd) => {
    const ucred = new Uint8Array(UCRED_SIZE);
    if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ucred) < 0) return undefined;
    return { pid: getS32(ucred, UCRED_PID), uid: getU32(ucred, UCRED_UID) };
  };
}
