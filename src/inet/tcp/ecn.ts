// Marks instead of losses: what a mark in the IP header means for a receiver, and who agrees on marks (RFC 3168 6.1).
//
//   ──ECT──▶ mark ──CE──▶ receiver ──ECE, until──▶ sender cuts its window ──CWR──▶
//
// Mirrors net/ipv4/tcp_input.c (tcp_ecn_create_request, __tcp_ecn_check_ce, tcp_ecn_accept_cwr).

import { TCP_CWR, TCP_ECE } from "../../wire/tcp.ts";
import type { Segment } from "./segment.ts";
import type { TcpSocket } from "./socket.ts";
import type { TcpTunables } from "./tunables.ts";

/** The codepoints: cannot be marked, can be, has been. */
const notEct = 0;
export const ECT_0 = 2;
const congestionExperienced = 3;
/** Acknowledgements sent at once after news of a mark. */
const quickAcks = 2;

/** Whether a SYN asks for marks and we agree; its own packet must not be one that can be marked. */
export function agreesOnEcn({ tcpEcn }: TcpTunables, { ecn, flags }: Segment): boolean {
  const asked = TCP_ECE | TCP_CWR;
  return (flags & asked) === asked && ecn === notEct && tcpEcn !== 0;
}

/** Takes note of what a segment with bytes tells of the path, and of the sender's answer to our echo. */
export function noteMark(socket: TcpSocket, { ecn, flags }: Segment): void {
  if (!socket.isEcnOk) return;
  if ((flags & TCP_CWR) !== 0) {
    socket.isEchoDue = false;
    socket.isAckNow = true;
  }
  if (ecn === notEct) {
    // Only what is sent again cannot be marked: the sender waits to hear of it.
    if (socket.isEcnSeen) socket.quickAcks = Math.max(socket.quickAcks, quickAcks);
    return;
  }
  socket.isEcnSeen = true;
  if (ecn !== congestionExperienced || socket.isEchoDue) return;
  socket.isEchoDue = true;
  socket.quickAcks = Math.max(socket.quickAcks, quickAcks);
}
