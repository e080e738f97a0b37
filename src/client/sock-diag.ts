// Which sockets there are, over NETLINK_SOCK_DIAG.
//
// Mirrors <linux/inet_diag.h> (struct inet_diag_req_v2, struct inet_diag_msg).

import { getBe16, getU32, setU32 } from "../bytes/endian.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import * as diag from "../uapi/inet_diag.ts";
import { AF_INET6 } from "../uapi/socket.ts";

const requestSize = 56;
const messageSize = 72;
const idAt = 4;

/** A socket. */
export interface SocketEntry {
  readonly family: number;
  readonly protocol: number;
  /** TCP_*: 1 established … 10 listening. */
  readonly state: number;
  readonly timer: number;
  readonly retransmits: number;
  readonly expiresMs: number;
  readonly local: Uint8Array;
  readonly localPort: number;
  readonly remote: Uint8Array;
  readonly remotePort: number;
  readonly ifindex: number;
  readonly receiveQueue: number;
  readonly sendQueue: number;
  readonly isV6Only: boolean;
}

/** Lists the sockets of a family and a protocol in the states whose bits are set. */
export async function dumpSockets(
  client: NetlinkClient,
  family: number,
  protocol: number,
  states: number,
): Promise<SocketEntry[]> {
  const answer = await client.dump(diag.SOCK_DIAG_BY_FAMILY, (writer) => {
    const at = writer.reserve(requestSize);
    writer.bytes[at] = family;
    writer.bytes[at + 1] = protocol;
    setU32(writer.bytes, at + 4, states);
  });
  return answer.messages.map((message) => parseSocket(message, protocol));
}

function parseSocket(message: Message, protocol: number): SocketEntry {
  const { bytes } = message;
  const at = NLMSG_HDRLEN;
  const id = at + idAt;
  const family = bytes[at] ?? 0;
  const size = family === AF_INET6 ? 16 : 4;
  return {
    family,
    protocol,
    state: bytes[at + 1] ?? 0,
    timer: bytes[at + 2] ?? 0,
    retransmits: bytes[at + 3] ?? 0,
    localPort: getBe16(bytes, id),
    remotePort: getBe16(bytes, id + 2),
    local: bytes.slice(id + 4, id + 4 + size),
    remote: bytes.slice(id + 20, id + 20 + size),
    ifindex: getU32(bytes, id + 36),
    expiresMs: getU32(bytes, at + 52),
    receiveQueue: getU32(bytes, at + 56),
    sendQueue: getU32(bytes, at + 60),
    isV6Only: message.attribute(diag.INET_DIAG_SKV6ONLY, messageSize)?.u8() === 1,
  };
}
