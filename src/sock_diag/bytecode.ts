// The filter that a request may bring: a small program over ports, addresses and devices.
//
// Mirrors net/ipv4/inet_diag.c (inet_diag_bc_audit, inet_diag_bc_run, struct inet_diag_bc_op, inet_diag_hostcond). A program that
// jumps backwards or out of itself is refused, so each runs at most once through its length.

import { getU16, getU32 } from "../bytes/endian.ts";
import { invalid } from "../netlink/error.ts";
import * as diag from "../uapi/inet_diag.ts";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../uapi/socket.ts";
import type { DiagSocket } from "./sockets.ts";

const opSize = 4;
const conditionSize = 8;
const anyPort = 0xffff_ffff;

/** Refuses a program that is none: EINVAL. */
export function checkBytecode(code: Uint8Array): void {
  for (let at = 0; at < code.length; ) {
    const yes = code[at + 1] ?? 0;
    const no = at + opSize <= code.length ? getU16(code, at + 2) : 0;
    const isJump = yes >= opSize && (yes & 3) === 0 && no >= opSize && (no & 3) === 0;
    // A jump for "no" may lead one operation behind the end: that refuses the socket.
    if (!isJump || at + yes > code.length || at + no > code.length + opSize) throw invalid();
    at += yes;
  }
}

/** Whether a socket passes. */
export function passesBytecode(code: Uint8Array, socket: DiagSocket): boolean {
  let at = 0;
  while (at < code.length) {
    const isTrue = holds(code, at, socket);
    at += isTrue ? (code[at + 1] ?? opSize) : getU16(code, at + 2);
  }
  return at === code.length;
}

function holds(code: Uint8Array, at: number, socket: DiagSocket): boolean {
  const { ifindex, localPort, remotePort } = socket;
  // The port stands in the operation behind.
  const port = at + 2 * opSize <= code.length ? getU16(code, at + opSize + 2) : 0;
  switch (code[at]) {
    case diag.INET_DIAG_BC_NOP:
      return true;
    case diag.INET_DIAG_BC_S_EQ:
      return localPort === port;
    case diag.INET_DIAG_BC_D_EQ:
      return remotePort === port;
    case diag.INET_DIAG_BC_S_GE:
      return localPort >= port;
    case diag.INET_DIAG_BC_S_LE:
      return localPort <= port;
    case diag.INET_DIAG_BC_D_GE:
      return remotePort >= port;
    case diag.INET_DIAG_BC_D_LE:
      return remotePort <= port;
    case diag.INET_DIAG_BC_DEV_COND:
      return at + 2 * opSize <= code.length && ifindex === getU32(code, at + opSize);
    case diag.INET_DIAG_BC_S_COND:
      return isHost(code, at + opSize, socket.local, localPort, socket.family);
    case diag.INET_DIAG_BC_D_COND:
      return isHost(code, at + opSize, socket.remote, remotePort, socket.family);
    default:
      return false;
  }
}

/** Whether an end is what a condition says: an address, as far as its prefix goes, and a port. */
function isHost(code: Uint8Array, at: number, address: Uint8Array, port: number, family: number): boolean {
  if (at + conditionSize > code.length) return false;
  const wanted = getU32(code, at + 4);
  if (wanted !== anyPort && wanted !== port) return false;
  const length = code[at + 1] ?? 0;
  const wantedFamily = code[at] ?? AF_UNSPEC;
  if (wantedFamily === AF_INET6 && family === AF_INET) return false;
  if (wantedFamily === AF_INET && family === AF_INET6) return false;
  for (let bit = 0; bit < length; bit += 8) {
    const counted = Math.min(8, length - bit);
    const difference = (code[at + conditionSize + bit / 8] ?? 0) ^ (address[bit / 8] ?? 0);
    if (difference >> (8 - counted) !== 0) return false;
  }
  return true;
}
